use std::net::IpAddr;

use tenancy::Email;

use super::Rate;
use crate::database::{Key, Table};

/// Whose domain says nothing about who somebody is: anybody has an address there. The large ones; of any other, all
/// owners share a bucket.
const PUBLIC_MAIL: [&str; 46] = [
    "126.com",
    "163.com",
    "aol.com",
    "bluewin.ch",
    "comcast.net",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "t-online.de",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yandex.ru",
    "ymail.com",
];

/// What tokens are taken from: whatever somebody cannot easily have more of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// An IPv4 address, or the network of an IPv6 address: a line has a /64 at least (RFC 6177).
    Address(IpAddr),
    /// An organisation's addresses, by what it has registered; of a public mail provider, a single address.
    Email(Email),
    /// A card, by the fingerprint that the payment provider gives it.
    Card(String),
}

impl Bucket {
    /// Another rate is another bucket: so one may hold by the minute and one by the day.
    pub(super) fn key(&self, Rate { burst, per }: Rate) -> Key {
        let whose = match self {
            Self::Address(address) => format!("ADDRESS#{}", network(*address)),
            Self::Email(email) => format!("EMAIL#{}", mailbox(email)),
            Self::Card(fingerprint) => format!("CARD#{fingerprint}"),
        };
        Key::new(Table::Claims, format_args!("BUCKET#{whose}"), format_args!("RATE#{burst}#{per}"))
    }
}

fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn mailbox(email: &Email) -> String {
    let email = email.as_str().to_ascii_lowercase();
    let (local, domain) = email.rsplit_once('@').unwrap_or(("", &email));
    if !PUBLIC_MAIL.contains(&domain) {
        return psl::domain_str(domain).unwrap_or(domain).to_owned();
    }
    // What comes after a plus is the owner's own to choose, and Google reads no dots: still one mailbox.
    let local = local.split('+').next().unwrap_or(local);
    match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
        _ => format!("{local}@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const RATE: Rate = Rate { burst: 5, per: SignedDuration::from_mins(20) };

    fn address(address: &str) -> String {
        Bucket::Address(address.parse().expect("an address")).key(RATE).pk
    }

    fn email(email: &str) -> String {
        Bucket::Email(Email::parse(email).expect("an address")).key(RATE).pk
    }

    #[test]
    fn an_ipv4_address_is_itself_however_it_is_spelled() {
        assert_eq!(address("203.0.113.7"), "BUCKET#ADDRESS#203.0.113.7");
        assert_eq!(address("::ffff:203.0.113.7"), "BUCKET#ADDRESS#203.0.113.7");
    }

    #[test]
    fn an_ipv6_address_is_its_network() {
        assert_eq!(address("2001:db8:1:2:3:4:5:6"), "BUCKET#ADDRESS#2001:db8:1:2::/64");
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    }

    #[test]
    fn an_organisation_is_what_it_has_registered() {
        assert_eq!(email("a@example.co.uk"), "BUCKET#EMAIL#example.co.uk");
        assert_eq!(email("b@mail.Example.co.uk"), email("a@example.co.uk"));
    }

    #[test]
    fn at_a_public_provider_everybody_is_somebody_else_once() {
        assert_ne!(email("a@gmx.de"), email("b@gmx.de"));
        assert_eq!(email("O.Wner+shop@GMail.com"), email("owner@googlemail.com"));
        assert_eq!(email("o.wner+shop@gmx.de"), "BUCKET#EMAIL#o.wner@gmx.de");
    }

    #[test]
    fn another_rate_is_another_bucket() {
        let card = Bucket::Card("f00".to_owned());
        assert_ne!(card.key(RATE), card.key(Rate { burst: 6, ..RATE }));
        assert_eq!(card.key(RATE).sk, "RATE#5#PT20M");
    }
}
