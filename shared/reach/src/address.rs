use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network by its first address and the length of its prefix.
type Net4 = (Ipv4Addr, u32);
type Net6 = (Ipv6Addr, u32);

/// What is not the public internet, by IANA's registry of special-purpose IPv4 addresses (RFC 6890 and its successors),
/// with multicast. Metadata services are in it: 169.254.169.254 of AWS, Google and Azure, 100.100.100.200 of Alibaba,
/// 192.0.0.192 of Oracle; so is 168.63.129.16, which is Azure's own although the registry does not know.
const CLOSED_4: [Net4; 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// All of IPv6 that is given out to anybody.
const OPEN_6: Net6 = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of that is not the public internet: special purposes and documentation (RFC 9780, RFC 3849, RFC 9637), and the
/// metadata service of AWS is in none of it: `fd00:ec2::254` is outside of what is given out.
const CLOSED_6: [Net6; 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// 6to4 (RFC 3056) has an IPv4 address behind its prefix.
const SIX_TO_FOUR: Net6 = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// Whether an address is on the public internet. What only wraps an address of IPv4 is refused whatever it wraps: who
/// has one to be reached at says so.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !CLOSED_4.iter().any(|net| within_4(address, *net)),
        IpAddr::V6(address) => {
            within_6(address, OPEN_6)
                && !within_6(address, SIX_TO_FOUR)
                && !CLOSED_6.iter().any(|net| within_6(address, *net))
        }
    }
}

fn within_4(address: Ipv4Addr, (first, length): Net4) -> bool {
    (address.to_bits() ^ first.to_bits()).leading_zeros() >= length
}

fn within_6(address: Ipv6Addr, (first, length): Net6) -> bool {
    (address.to_bits() ^ first.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::anybodys("93.184.215.14")]
    #[case::beside_private("11.0.0.1")]
    #[case::below_the_carriers("100.63.255.255")]
    #[case::above_the_carriers("100.128.0.0")]
    #[case::beside_172_16("172.32.0.1")]
    #[case::beside_metadata("169.253.255.255")]
    #[case::cloudflare("104.16.0.1")]
    #[case::cloudflare_6("2606:4700::6810:1")]
    #[case::google_6("2a00:1450:4001:80b::200e")]
    fn the_public_internet_is_reached(#[case] address: &str) {
        assert!(is_public(address.parse().expect("an address")));
    }

    #[rstest]
    #[case::this_network("0.0.0.0")]
    #[case::private_10("10.1.2.3")]
    #[case::private_172("172.31.255.255")]
    #[case::private_192("192.168.0.1")]
    #[case::carriers("100.64.0.1")]
    #[case::metadata_alibaba("100.100.100.200")]
    #[case::loopback("127.0.0.1")]
    #[case::loopback_far("127.255.255.254")]
    #[case::link_local("169.254.0.1")]
    #[case::metadata("169.254.169.254")]
    #[case::metadata_ecs("169.254.170.2")]
    #[case::metadata_azure("168.63.129.16")]
    #[case::metadata_oracle("192.0.0.192")]
    #[case::documentation_1("192.0.2.1")]
    #[case::documentation_2("198.51.100.1")]
    #[case::documentation_3("203.0.113.1")]
    #[case::benchmarks("198.19.0.1")]
    #[case::relays("192.88.99.1")]
    #[case::multicast("224.0.0.251")]
    #[case::reserved("240.0.0.1")]
    #[case::broadcast("255.255.255.255")]
    #[case::unspecified_6("::")]
    #[case::loopback_6("::1")]
    #[case::mapped_loopback("::ffff:127.0.0.1")]
    #[case::mapped_metadata("::ffff:169.254.169.254")]
    #[case::mapped_public("::ffff:93.184.215.14")]
    #[case::compatible("::127.0.0.1")]
    #[case::nat64("64:ff9b::a9fe:a9fe")]
    #[case::nat64_local("64:ff9b:1::a9fe:a9fe")]
    #[case::discard("100::1")]
    #[case::teredo("2001::1")]
    #[case::documentation_6("2001:db8::1")]
    #[case::documentation_6_new("3fff::1")]
    #[case::six_to_four_metadata("2002:a9fe:a9fe::1")]
    #[case::unique_local("fd12:3456::1")]
    #[case::metadata_aws_6("fd00:ec2::254")]
    #[case::metadata_google_6("fd20:ce::254")]
    #[case::link_local_6("fe80::1")]
    #[case::site_local("fec0::1")]
    #[case::multicast_6("ff02::1")]
    fn nothing_else_is(#[case] address: &str) {
        assert!(!is_public(address.parse().expect("an address")));
    }

    proptest! {
        /// The standard library's own idea of some of these.
        #[test]
        fn what_the_standard_library_calls_special_is_not_public(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_broadcast() || address.is_documentation()
                || address.is_unspecified();
            prop_assert!(!(special && is_public(address.into())));
        }

        #[test]
        fn no_address_of_ipv4_comes_in_another_form(bits: u32) {
            let inner = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = inner.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for outer in [
                inner.to_ipv6_mapped(),
                inner.to_ipv6_compatible(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ] {
                prop_assert!(!is_public(outer.into()), "{outer}");
            }
        }

        #[test]
        fn what_is_local_to_a_site_a_link_or_a_host_is_not_public(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            let special = address.is_unique_local() || address.is_unicast_link_local() || address.is_multicast()
                || address.is_loopback() || address.is_unspecified();
            prop_assert!(!(special && is_public(address.into())));
        }
    }
}
