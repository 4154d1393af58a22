use std::borrow::Cow;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use russh::client::{AuthResult, Config, Handle, Handler, connect_stream};
use russh::keys::{Algorithm, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg, ChannelReadHalf, Disconnect, Error, Preferred, client};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{Answer, Host, Request, refusal};

/// After that much silence a connection ends by itself, whoever has forgotten it.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// So long may a farewell take.
const FAREWELL: Duration = Duration::from_millis(200);

/// As much is kept of what a program complains about.
const COMPLAINT: usize = 4096;

/// A host that has let us in, with a channel for one program.
pub(crate) struct Connection {
    host: String,
    session: Handle<Pinned>,
    channel: Channel<client::Msg>,
}

/// Knows a host by its key, and nothing else.
struct Pinned(Arc<PublicKey>);

impl Handler for Pinned {
    type Error = Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let known = offered.public_key().key_data() == self.0.key_data();
        Ok(known && offered.certificate().is_none())
    }
}

impl Connection {
    pub(crate) async fn open(host: &Host) -> Result<Self, Fault> {
        // A host has keys of several kinds, and shows the one that is asked for.
        let preferred = Preferred { key: Cow::Borrowed(&[Algorithm::Ed25519]), ..Preferred::default() };
        let config = Config { preferred, inactivity_timeout: Some(FORGOTTEN), ..Config::default() };
        let (name, port) = &host.address;
        let lost = |e: &Error| Fault::transient(format!("{host} broke off: {e}"));
        let socket = TcpStream::connect((name.as_str(), *port)).await;
        let socket = socket.map_err(|e| Fault::transient(format!("{host} is not reached: {e}")))?;
        // A request is sent in one go: there is nothing to gather.
        socket.set_nodelay(true).map_err(|e| lost(&e.into()))?;
        let pinned = Pinned(Arc::clone(&host.theirs));
        let session = connect_stream(Arc::new(config), socket, pinned).await;
        let mut session = session.map_err(|e| refusal::handshake(host, &e))?;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&host.ours), None);
        match session.authenticate_publickey(&host.user, key).await.map_err(|e| lost(&e))? {
            AuthResult::Success => {}
            // A connection that breaks meanwhile looks like a refusal that leaves no other way.
            AuthResult::Failure { remaining_methods, .. }
                if remaining_methods.is_empty() && session.is_closed() =>
            {
                return Err(lost(&Error::HUP));
            }
            AuthResult::Failure { .. } => return Err(refusal::sign_in(host)),
        }
        let channel = match session.channel_open_session().await {
            Err(Error::ChannelOpenFailure(_)) => return Err(refusal::channel(host)),
            opened => opened.map_err(|e| lost(&e))?,
        };
        Ok(Self { host: host.to_string(), session, channel })
    }

    pub(crate) async fn execute(self, request: Request) -> Result<Answer, Fault> {
        let Self { host, session, channel } = self;
        let (mut reader, writer) = channel.split();
        let asked = async {
            writer.exec(true, request.command).await?;
            writer.data_bytes(request.input).await?;
            writer.eof().await
        };
        // A program may answer before it has read everything, and one that ended reads no more: it is the answer that is
        // waited for. A request that cannot be sent has none, as its connection is gone.
        let answer = tokio::select! {
            answer = read(&host, &mut reader, request.at_most) => answer,
            never = async { let _ = asked.await; pending().await } => never,
        };
        // It is over either way: an answer does not wait for a farewell that cannot be sent.
        let _ = timeout(FAREWELL, session.disconnect(Disconnect::ByApplication, "", "")).await;
        answer
    }
}

async fn read(host: &str, reader: &mut ChannelReadHalf, at_most: usize) -> Result<Answer, Fault> {
    let (mut output, mut complaint, mut status) = (Vec::new(), Vec::new(), None);
    while let Some(message) = reader.wait().await {
        match message {
            ChannelMsg::Data { data } if output.len() + data.len() > at_most => {
                return Err(Fault::terminal(format!("{host} answers with more than {at_most} bytes")));
            }
            ChannelMsg::Data { data } => output.extend_from_slice(&data),
            ChannelMsg::ExtendedData { data, .. } => {
                complaint.extend_from_slice(&data);
                complaint.drain(..complaint.len().saturating_sub(COMPLAINT));
            }
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                return Err(Fault::transient(format!("the program on {host} was ended by {signal_name:?}"))
                    .unanswered());
            }
            ChannelMsg::Failure => return Err(refusal::program(host)),
            ChannelMsg::Close => break,
            _ => {}
        }
    }
    let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
    let broken = || Fault::transient(format!("{host} broke off before the program ended")).unanswered();
    Ok(Answer { status: status.ok_or_else(broken)?, output, complaint })
}
