//! HTTP/1.1 on the loopback interface, with TLS or without.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What answers. A body that does not come to its end is an empty one.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Response<Bytes>> + Send;
}

/// Serves on a port of its own until the servers are dropped, and says which.
pub(crate) async fn start(
    servers: &mut JoinSet<()>,
    tls: Option<TlsAcceptor>,
    answers: Arc<impl Answers>,
) -> io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    servers.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (answers, tls) = (Arc::clone(&answers), tls.clone());
            connections.spawn(async move {
                let _ = stream.set_nodelay(true);
                match tls {
                    None => connection(stream, answers).await,
                    // Whoever does not believe the certificate says so itself.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(stream, answers).await;
                        }
                    }
                }
            });
        }
    });
    Ok(port)
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    answers: Arc<impl Answers>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answers = Arc::clone(&answers);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let answer = answers.answer(Request::from_parts(head, body)).await;
            Ok::<_, Infallible>(answer.map(Full::new))
        }
    });
    // A connection that the other side breaks off is over.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
