//! The numbers that the rules go by, from the settings.

use std::collections::HashSet;
use std::time::Duration;

use super::tally::Allowance;
use crate::ids::FoldedName;

/// Limits and rights.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Characters of a message (`MAX_MESSAGE_CHARS`).
    pub max_message_chars: usize,
    /// Failed sign-ins per username and address before the next must wait (`RATE_SIGNIN_FAILURES`); `None`: no limit.
    pub signin_failures: Allowance,
    /// Accounts that one address makes, guests included, before the next must wait (`RATE_ACCOUNTS`); `None`: no limit.
    pub new_accounts: Allowance,
    /// How long an access key lives after its last use (`ACCESS_KEY_TTL`).
    pub access_key_ttl: Duration,
    /// Who may kick, ban and change the messages of others (`MODERATORS`).
    pub moderators: HashSet<FoldedName>,
    /// Whether an acknowledgement has to wait for replicas (`ACK_REPLICAS` > 0).
    pub holds_acknowledgements: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_message_chars: 4_000,
            signin_failures: Some((10, Duration::from_secs(15 * 60))),
            new_accounts: Some((1_000, Duration::from_secs(10 * 60))),
            access_key_ttl: Duration::from_secs(30 * 24 * 3600),
            moderators: HashSet::new(),
            holds_acknowledgements: false,
        }
    }
}
