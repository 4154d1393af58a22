use billing::{Notice, Policy, Subject};
use fault::Fault;
use jiff::{SignedDuration, Timestamp};
use minijinja::{Environment, context};
use ses::Mail;
use store::Account;

const SUBJECT: &str = include_str!("../templates/notice.subject.txt");
const TEXT: &str = include_str!("../templates/notice.txt");
const HTML: &str = include_str!("../templates/notice.html");

/// What a customer is written about a notice. `why` is what stands in the way, where something does.
pub(crate) fn mail(
    account: &Account,
    store: &str,
    to: &str,
    notice: Notice,
    why: Option<&str>,
    policy: &Policy,
) -> Result<Mail, Fault> {
    let Notice { subject, of } = notice;
    let on = |after: SignedDuration| day(of + after);
    let pay = "Pay what is open, or change how you pay, and nothing of this happens.";
    let (heading, paragraphs) = match subject {
        Subject::PaymentFailed => (
            "A payment did not go through",
            vec![
                format!("The payment of {} failed. It will be tried again.", day(of)),
                format!(
                    "If it stays open, you can only read from {} on, and nobody can sign in from {} on. Your data is kept.",
                    on(policy.read_only_after),
                    on(policy.suspend_after)
                ),
                pay.to_owned(),
            ],
        ),
        Subject::ReadOnly => (
            "You can only read for now",
            vec![
                format!("A payment has been open since {}. Until it is made, nothing can be changed.", day(of)),
                format!("From {} on nobody can sign in. Your data is kept.", on(policy.suspend_after)),
                pay.to_owned(),
            ],
        ),
        Subject::Suspended => (
            "It is suspended",
            vec![
                format!("A payment has been open since {}. Until it is made, nobody can sign in.", day(of)),
                "Your data is kept. Once the payment is made, everything is back within minutes.".to_owned(),
            ],
        ),
        Subject::TrialEnding => (
            "Your trial ends soon",
            vec![
                format!("It ends on {}.", day(of)),
                "Choose how to pay before, and everything goes on as it is.".to_owned(),
            ],
        ),
        Subject::PlanRefused => (
            "The plan you chose is too small",
            vec![
                format!("More is in use than it allows: {}.", why.unwrap_or("it is at its limits")),
                "Use less of it, and you are moved to that plan within a day. Until then you keep the plan you have."
                    .to_owned(),
            ],
        ),
    };
    let values = context! { store, heading, paragraphs };
    let mut templates = Environment::new();
    let mut render = |name, template| {
        templates.add_template(name, template)?;
        templates.get_template(name)?.render(&values)
    };
    let broken = |e: minijinja::Error| Fault::terminal(format!("the notice does not render: {e:#}"));
    let customer = account.subscription.customer();
    let to = customer.and_then(|customer| customer.billing_email.as_deref()).unwrap_or(to);
    Ok(Mail {
        to: to.to_owned(),
        subject: render("notice.subject.txt", SUBJECT).map_err(broken)?.trim().to_owned(),
        text: render("notice.txt", TEXT).map_err(broken)?,
        html: render("notice.html", HTML).map_err(broken)?,
    })
}

/// For people: by the day, in the time of the meridian, since nobody told us theirs.
fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}
