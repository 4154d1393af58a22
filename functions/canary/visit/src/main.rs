use canary_visit::Visit;
use http_client::Http;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let visit = Visit { http: Http::network() };
    saga::function("canary-visit", async |input, _| visit.run(input).await).await
}
