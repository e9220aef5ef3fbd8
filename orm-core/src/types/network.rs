//! Addresses and networks: [`IpAddr`], [`Inet`] and [`Cidr`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use postgres_protocol::types::{inet_from_sql, inet_to_sql};

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull};
use super::{ArrayElement, TypeDef, sql};

static INET: TypeDef = TypeDef::builtin("inet", "inet", 869, 1041).accepting(&[650]);
static CIDR: TypeDef = TypeDef::builtin("cidr", "cidr", 650, 651);

/// An address and the length of its network's prefix, as PostgreSQL's `inet` has them. A field that is an address alone has the
/// type [`IpAddr`].
///
/// ```
/// use orm_core::types::Inet;
///
/// let host = Inet::new("192.168.1.5".parse()?, 24).expect("a prefix of up to 32");
/// assert_eq!(host.to_string(), "192.168.1.5/24");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inet {
    address: IpAddr,
    prefix: u8,
}

/// A network, as PostgreSQL's `cidr` has it: an address without bits behind the prefix.
///
/// ```
/// use orm_core::types::Cidr;
///
/// let network = Cidr::new("192.168.1.0".parse()?, 24).expect("no bits behind the prefix");
/// assert_eq!(network.to_string(), "192.168.1.0/24");
/// assert_eq!(Cidr::new("192.168.1.5".parse()?, 24), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

fn longest(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address without the bits behind the prefix.
fn network(address: IpAddr, prefix: u8) -> IpAddr {
    let behind = u32::from(longest(address).saturating_sub(prefix));
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(behind).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(behind).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
        }
    }
}

impl Inet {
    /// The address in a network with a prefix of that length; `None` if the prefix is longer than the address.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        (prefix <= longest(address)).then_some(Self { address, prefix })
    }

    /// The address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits the prefix of its network has.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Its network.
    #[must_use]
    pub fn network(self) -> Cidr {
        Cidr { address: network(self.address, self.prefix), prefix: self.prefix }
    }
}

impl Cidr {
    /// The network with a prefix of that length; `None` if the prefix is longer than the address, or bits behind it are set.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        (prefix <= longest(address) && network(address, prefix) == address).then_some(Self { address, prefix })
    }

    /// The network's first address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits the prefix has.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }
}

/// The address as one in a network of its own.
impl From<IpAddr> for Inet {
    fn from(address: IpAddr) -> Self {
        Self { address, prefix: longest(address) }
    }
}

impl From<Cidr> for Inet {
    fn from(network: Cidr) -> Self {
        Self { address: network.address, prefix: network.prefix }
    }
}

impl fmt::Display for Inet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn read(raw: Option<&[u8]>) -> Result<(IpAddr, u8), DecodeError> {
    let inet = inet_from_sql(raw.ok_or(DecodeError::Null)?).map_err(DecodeError::Invalid)?;
    Ok((inet.addr(), inet.netmask()))
}

macro_rules! network_field {
    ($($rust:ty => $def:ident, |$value:ident| $address:expr, $prefix:expr, $from:expr);* $(;)?) => { $(
        #[diagnostic::do_not_recommend]
        impl Field for $rust {
            type Sql = sql::Inet;
            type Read = Self;
            type Nullable = Option<Self>;
            type Null = NotNull;
            const TYPE: &'static TypeDef = &$def;

            fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
                let $value = *self;
                inet_to_sql($address, $prefix, out.buffer());
                Ok(Encoded::Value)
            }

            fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
                let (address, prefix) = read(raw)?;
                let from: fn(IpAddr, u8) -> Result<Self, DecodeError> = $from;
                from(address, prefix)
            }
        }

        #[diagnostic::do_not_recommend]
        impl ArrayElement for $rust {}
    )* };
}
network_field! {
    Inet => INET, |inet| inet.address, inet.prefix, |address, prefix| Ok(Self { address, prefix });
    Cidr => CIDR, |cidr| cidr.address, cidr.prefix, |address, prefix| Ok(Self { address, prefix });
    IpAddr => INET, |address| address, longest(address), |address, prefix| {
        if prefix == longest(address) {
            Ok(address)
        } else {
            Err(DecodeError::new("an address with a network, for which the field's type is `Inet`"))
        }
    };
}
