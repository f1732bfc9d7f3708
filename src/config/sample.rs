//! `.env.sample`, made from the declarations.

use clap::Arg;

use super::read::declarations;

/// Values for the settings that have no default.
const EXAMPLES: [(&str, &str); 22] = [
    ("SERVER_ADDRESS", ":8080"),
    ("ALLOWED_ORIGINS", "https://chat.example.org,https://example.org"),
    ("MESH_ORIGINS", "https://mesh.example.org"),
    ("LOBBY_ORIGINS", "https://game.example.org"),
    ("CLIENT_LOCATION", "./public"),
    ("CONTENT_SECURITY_POLICY", "default-src 'self'"),
    ("WORKERS", "2"),
    ("REDIS_URL", "redis://localhost:6379"),
    ("REDIS_ADDRESS", "localhost:6379"),
    ("REDIS_PASSWORD", "a-password"),
    ("REDIS_TLS_INSECURE", "true"),
    ("HISTORY_MAX_AGE", "90d"),
    ("SECRET_KEY", "64-hexadecimal-digits-from-openssl-rand-hex-32"),
    ("MODERATORS", "alice,bob"),
    ("ROOM_IDLE_SECONDS", "3600"),
    ("STUN_HOST", "stun.example.org"),
    ("TURN_HOST", "turn.example.org"),
    ("TURN_STATIC_AUTH_SECRET", "a-secret"),
    ("MEDIA_SHARDS", "2"),
    ("MEDIA_PORT", "40000"),
    ("MEDIA_ADDRESSES", "203.0.113.7"),
    ("METRICS_TOKEN", "a-token"),
];

/// The text of `.env.sample`: every setting with its help, commented out, with its default or an example.
#[must_use]
pub fn env_sample() -> String {
    let mut text = String::from(
        "# Settings of Rialto. Copy this file to `.env` and take the # off what you want to change.\n\
         # Variables of the environment go before this file, flags of the same names before both.\n",
    );
    let command = declarations();
    let mut heading = "";
    for argument in command.get_arguments() {
        let Some(name) = argument.get_env() else { continue };
        let name = name.to_string_lossy();
        if let Some(next) = argument.get_help_heading().filter(|next| *next != heading) {
            heading = next;
            text += &format!("\n## {heading}\n");
        }
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        text += &match default(argument) {
            Some(value) => format!("\n# {help}.\n# Default: {value} ({})\n#{name}={}\n", unit(argument), quoted(&value)),
            None => format!("\n# {help}.\n# Not set by default ({})\n#{name}={}\n", unit(argument), quoted(&example(argument))),
        };
    }
    text
}

/// A value that the setting accepts: its default, or an example where there is none.
pub(super) fn example(argument: &Arg) -> String {
    let name = argument.get_env().unwrap_or_default();
    let known = EXAMPLES.iter().find(|(setting, _)| *setting == name).map(|(_, value)| (*value).to_owned());
    known.or_else(|| default(argument)).unwrap_or_default()
}

fn default(argument: &Arg) -> Option<String> {
    argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

fn unit(argument: &Arg) -> String {
    argument.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default().to_lowercase()
}

/// Quotes that dotenv files need around values with spaces.
fn quoted(value: &str) -> String {
    if value.contains([' ', '\'', '#']) { format!("\"{value}\"") } else { value.to_owned() }
}
