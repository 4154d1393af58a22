//! A name server of our zones on the wire: over UDP, and over TCP what does not fit there.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::sky::Sky;

/// So often another port is tried, of which one half is taken.
const TRIES: usize = 16;

/// One port, by both ways.
#[derive(Debug)]
pub struct Dns {
    udp: Arc<UdpSocket>,
    tcp: TcpListener,
}

impl Dns {
    /// On the loopback interface; 0 is any free port. And where that is.
    pub async fn listen(port: u16) -> io::Result<(Self, String)> {
        let mut last = None;
        for _ in 0..TRIES {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = udp.local_addr()?;
            match TcpListener::bind(address).await {
                Ok(tcp) => return Ok((Self { udp: Arc::new(udp), tcp }, address.to_string())),
                Err(error) if port != 0 => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
    }

    /// Answers for as long as the process lives.
    pub async fn serve(self, sky: Arc<Sky>) {
        tokio::join!(serve_udp(&self.udp, &sky), serve_tcp(&self.tcp, &sky));
    }
}

async fn serve_udp(socket: &Arc<UdpSocket>, sky: &Arc<Sky>) {
    let mut packet = [0; 4096];
    loop {
        // Whoever closed a port that was answered to makes the next read fail.
        let Ok((length, from)) = socket.recv_from(&mut packet).await else { continue };
        let (socket, sky, packet) = (Arc::clone(socket), Arc::clone(sky), packet[..length].to_vec());
        tokio::spawn(async move {
            let (query, answer) = answer(&sky, &packet).await?;
            let mut bytes = answer.to_vec().ok()?;
            if bytes.len() > usize::from(query.max_payload()) {
                bytes = answer.truncate().to_vec().ok()?;
            }
            socket.send_to(&bytes, from).await.ok()
        });
    }
}

async fn serve_tcp(listener: &TcpListener, sky: &Arc<Sky>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let sky = Arc::clone(sky);
        // Ends when its caller has had enough.
        tokio::spawn(async move { converse(stream, &sky).await });
    }
}

async fn converse(mut stream: TcpStream, sky: &Sky) -> io::Result<()> {
    loop {
        let mut packet = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut packet).await?;
        let answer = answer(sky, &packet).await;
        let bytes = answer.and_then(|(_, answer)| answer.to_vec().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let length = u16::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        stream.write_all(&[&length.to_be_bytes(), bytes.as_slice()].concat()).await?;
    }
}

/// What is no question is not answered.
async fn answer(sky: &Sky, packet: &[u8]) -> Option<(Message, Message)> {
    let query = Message::from_vec(packet).ok().filter(|it| it.message_type == MessageType::Query)?;
    let answer = sky.name_server(&query).await?;
    Some((query, answer))
}
