//! The file: its tables, its format, opening it.
//!
//! Identifiers are 128-bit numbers in keys; times are microseconds since the Unix epoch.

use std::path::{Path, PathBuf};

use redb::{Database, DatabaseError, Key, ReadTransaction, ReadableTable, TableDefinition, Value, WriteTransaction};

use crate::ids::Micros;
use crate::store::{Result, StoreError};

/// The file's name in its folder.
const NAME: &str = "rialto.redb";
/// The arrangement of the tables below. It changes when an older build could not work with them.
const FORMAT: u64 = 1;

/// Numbers about the file itself, see the constants below.
pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// In [`META`]: the [`FORMAT`] of the file.
const META_FORMAT: &str = "format";
/// In [`META`]: when the file was made, in milliseconds.
const META_BIRTH: &str = "birth";
/// In [`META`]: the newest account's serial number.
pub(super) const META_SERIAL: &str = "serial";

/// User → an encoded row (see `users`).
pub(super) const USERS: TableDefinition<u128, &[u8]> = TableDefinition::new("users");
/// Folded name → user.
pub(super) const NAMES: TableDefinition<&str, u128> = TableDefinition::new("names");
/// Serial number → user.
pub(super) const SERIALS: TableDefinition<u64, u128> = TableDefinition::new("serials");
/// Digest of an access key → user, when it ends.
pub(super) const TOKENS: TableDefinition<&str, (u128, u64)> = TableDefinition::new("tokens");
/// User, digest: the keys of a user.
pub(super) const USER_TOKENS: TableDefinition<(u128, &str), ()> = TableDefinition::new("user_tokens");
/// When it ends, digest: the keys by their end.
pub(super) const TOKEN_ENDS: TableDefinition<(u64, &str), ()> = TableDefinition::new("token_ends");

/// Channel → epoch, newest message, number of the event behind it, oldest kept message. A channel nobody wrote to has no row.
pub(super) const CHANNELS: TableDefinition<u128, (u64, u64, u32, u64)> = TableDefinition::new("channels");
/// Channel, message, event.
type LogKey = (u128, u64, u32);
/// Epoch, the place before it (two numbers), time, message identifier (0: an event), body.
type LogValue<'a> = (u64, u64, u32, u64, u128, &'a [u8]);
/// The log of every channel.
pub(super) const LOG: TableDefinition<LogKey, LogValue<'static>> = TableDefinition::new("log");
/// Channel, message → its record, if it was changed since it was logged.
pub(super) const CHANGED: TableDefinition<(u128, u64), &[u8]> = TableDefinition::new("changed");
/// Channel, user, client identifier → message, until when a retry is recognised.
pub(super) const RETRIES: TableDefinition<(u128, u128, &str), (u64, u64)> = TableDefinition::new("retries");
/// The same by the end of that time.
pub(super) const RETRY_ENDS: TableDefinition<(u64, u128, u128, &str), ()> = TableDefinition::new("retry_ends");

/// Owner, peer → when the direct channel was last written to.
pub(super) const DIRECTS: TableDefinition<(u128, u128), u64> = TableDefinition::new("directs");
/// Owner, that time, peer: the same in order of time.
pub(super) const RECENT_DIRECTS: TableDefinition<(u128, u64, u128), ()> = TableDefinition::new("recent_directs");
/// Owner, channel → message read last.
pub(super) const READ_MARKS: TableDefinition<(u128, u128), u64> = TableDefinition::new("read_marks");
/// Owner, whom they block.
pub(super) const BLOCKS: TableDefinition<(u128, u128), ()> = TableDefinition::new("blocks");
/// Name → secret.
pub(super) const SECRETS: TableDefinition<&str, &[u8; 32]> = TableDefinition::new("secrets");

/// Room → when it ends unless it is used.
pub(super) const ROOMS: TableDefinition<u128, u64> = TableDefinition::new("rooms");
/// When it ends, when it was last active, body.
type NamedRoomValue<'a> = (u64, u64, &'a [u8]);
/// Channel of a room with a name → the room.
pub(super) const NAMED_ROOMS: TableDefinition<u128, NamedRoomValue<'static>> = TableDefinition::new("named_rooms");

/// Code → revision and record of a lobby room.
pub(super) const LOBBIES: TableDefinition<&str, (u64, &[u8])> = TableDefinition::new("lobbies");
/// Code → the room's snapshot.
pub(super) const LOBBY_SNAPSHOTS: TableDefinition<&str, &[u8]> = TableDefinition::new("lobby_snapshots");
/// Lobby client → when the note of it ends, the note.
pub(super) const LOBBY_CLIENTS: TableDefinition<u128, (u64, &[u8])> = TableDefinition::new("lobby_clients");
/// When it ends, client: the same notes by their end.
pub(super) const LOBBY_CLIENT_ENDS: TableDefinition<(u64, u128), ()> = TableDefinition::new("lobby_client_ends");

/// Why the embedded store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file.
    #[error(
        "{0} is open in another process: only one Rialto can use a folder. Stop the other one, give this one another DATA_DIR, or let both share a REDIS_URL"
    )]
    InUse(PathBuf),
    /// A build with another arrangement of the file made it.
    #[error("{path} has format {found}, and this build knows format {FORMAT} only: use the build that made it, or another DATA_DIR")]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The number that stands in it.
        found: u64,
    },
    /// The folder cannot be used.
    #[error("DATA_DIR {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    /// The file cannot be used.
    #[error("{0}: {1}")]
    File(PathBuf, String),
    /// The thread that writes cannot be started.
    #[error("no thread for the store: {0}")]
    Thread(std::io::Error),
}

/// An open file.
pub(super) struct Opened {
    pub(super) database: Database,
    /// When it was made, in milliseconds.
    pub(super) birth: u64,
}

/// Opens the file in this folder; makes both if needed.
pub(super) fn open(folder: &Path, now: Micros) -> std::result::Result<Opened, OpenError> {
    std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let path = folder.join(NAME);
    let database = Database::create(&path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse(path.clone()),
        error => OpenError::File(path.clone(), error.to_string()),
    })?;
    // The file's name must be as safe as what will be written into it. Elsewhere than on Unix folders cannot be synced.
    #[cfg(unix)]
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let (format, birth) = prepare(&database, now).map_err(|error| OpenError::File(path.clone(), error.to_string()))?;
    if format != FORMAT {
        return Err(OpenError::UnknownFormat { path, found: format });
    }
    Ok(Opened { database, birth })
}

/// Answers the file's format and birth; gives an empty file its tables first.
fn prepare(database: &Database, now: Micros) -> Result<(u64, u64)> {
    let transaction = database.begin_write()?;
    let found = {
        let mut meta = transaction.open_table(META)?;
        let format = meta.get(META_FORMAT)?.map(|format| format.value());
        let birth = meta.get(META_BIRTH)?.map(|birth| birth.value());
        match (format, birth) {
            (Some(format), birth) => (format, birth.unwrap_or_default()),
            (None, _) => {
                meta.insert(META_FORMAT, FORMAT)?;
                meta.insert(META_BIRTH, now.millis())?;
                (FORMAT, now.millis())
            }
        }
    };
    if found.0 != FORMAT {
        transaction.abort()?;
        return Ok(found);
    }
    create_tables(&transaction)?;
    transaction.commit()?;
    Ok(found)
}

/// So that readers need not think of tables that are not there yet.
fn create_tables(transaction: &WriteTransaction) -> Result<()> {
    transaction.open_table(USERS)?;
    transaction.open_table(NAMES)?;
    transaction.open_table(SERIALS)?;
    transaction.open_table(TOKENS)?;
    transaction.open_table(USER_TOKENS)?;
    transaction.open_table(TOKEN_ENDS)?;
    transaction.open_table(CHANNELS)?;
    transaction.open_table(LOG)?;
    transaction.open_table(CHANGED)?;
    transaction.open_table(RETRIES)?;
    transaction.open_table(RETRY_ENDS)?;
    transaction.open_table(DIRECTS)?;
    transaction.open_table(RECENT_DIRECTS)?;
    transaction.open_table(READ_MARKS)?;
    transaction.open_table(BLOCKS)?;
    transaction.open_table(SECRETS)?;
    transaction.open_table(ROOMS)?;
    transaction.open_table(NAMED_ROOMS)?;
    transaction.open_table(LOBBIES)?;
    transaction.open_table(LOBBY_SNAPSHOTS)?;
    transaction.open_table(LOBBY_CLIENTS)?;
    transaction.open_table(LOBBY_CLIENT_ENDS)?;
    Ok(())
}

/// A transaction to read from, whether it writes as well or not.
pub(super) trait Source {
    /// Opens a table for reading. In a writing transaction it must not be open already.
    fn table<K: Key + 'static, V: Value + 'static>(&self, definition: TableDefinition<'_, K, V>) -> Result<impl ReadableTable<K, V>>;
}

impl Source for ReadTransaction {
    fn table<K: Key + 'static, V: Value + 'static>(&self, definition: TableDefinition<'_, K, V>) -> Result<impl ReadableTable<K, V>> {
        Ok(self.open_table(definition)?)
    }
}

impl Source for WriteTransaction {
    fn table<K: Key + 'static, V: Value + 'static>(&self, definition: TableDefinition<'_, K, V>) -> Result<impl ReadableTable<K, V>> {
        Ok(self.open_table(definition)?)
    }
}

macro_rules! file_errors {
    ($($error:ty),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Unavailable(error.to_string())
            }
        }
    )*};
}
file_errors!(redb::StorageError, redb::TableError, redb::TransactionError, redb::CommitError);
