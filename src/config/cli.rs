//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::client_args::{ChangeArgs, ConfigCommand, DoctorArgs, ExecArgs, SetupArgs};
use super::proxy_args::ProxyArgs;
use super::share_args::{DiffArgs, ImportArgs, RedactArgs, SelectionArgs, ShowArgs};
use super::value::{address, size};

/// See what happens between a container client and a registry.
#[derive(Debug, Parser)]
#[command(
    name = "pullscope",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do; without a word, the live view on a proxy of its own.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Say more on stderr: -v what passes, -vv details. `PULLSCOPE_LOG` takes finer filters.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,

    /// Say nothing on stderr but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Write the log to this file instead of stderr.
    #[arg(long, value_name = "FILE", global = true)]
    pub log_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Record what passes between clients and registries, until Ctrl-C.
    Record(Box<RecordArgs>),
    /// Look at a session or a HAR file in the live view.
    View(ViewArgs),
    /// Run one command with a proxy of its own, and trace what it does.
    ///
    /// The command gets the proxy and the CA by its environment; nothing on the system changes.
    /// The exit code is the command's; 125 when pullscope fails, 126 when the command cannot be
    /// run, 127 when there is none.
    Exec(Box<ExecArgs>),
    /// Make a client use pullscope for good, after showing what that changes; `--undo` restores it.
    Setup(SetupArgs),
    /// Look for what keeps a client from being traced, and say how to mend it.
    ///
    /// Where it can, it has the client itself try: a pull of an image that cannot exist shows
    /// whether it goes through the proxy and accepts its certificate. The exit code is 1 when
    /// something is wrong.
    Doctor(DoctorArgs),
    /// Tell the story of a session or a HAR file: what happened in each pull, and why.
    Show(ShowArgs),
    /// Compare two pulls: a mirror with the registry, today with yesterday, one client with another.
    ///
    /// Steps, hosts, digests, blobs, timings and findings stand side by side. Where one tag stood for
    /// two images it is said which is older, and whether it was stale.
    Diff(DiffArgs),
    /// Write a session or a HAR file in another form.
    Export(ExportArgs),
    /// Make a HAR of a plain-text transcript of requests and answers.
    Import(ImportArgs),
    /// Take the secrets out of a HAR file that any program made.
    Redact(RedactArgs),
    /// The certificate authority that clients are to trust.
    Ca {
        /// What about it.
        #[command(subcommand)]
        command: CaCommand,
    },
    /// The configuration file.
    Config {
        /// What about it.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man {
        /// Write the pages of all commands into this directory instead.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Pull four images from built-in registries and show what happened: no Docker, no root, no
    /// network.
    Demo(DemoArgs),
    /// Serve built-in registries on this machine, to try clients on.
    Lab(LabArgs),
}

/// What about the certificate authority.
#[derive(Clone, Debug, Subcommand)]
pub enum CaCommand {
    /// Print the certificate (PEM) on stdout.
    Print,
    /// Print the path of the certificate.
    Path,
    /// Print what the certificate says.
    Info,
    /// Write the system's roots and the certificate into one file, for `SSL_CERT_FILE`, and print
    /// its path.
    Bundle,
    /// Make a new CA in place of the old one; clients must be told to trust it.
    Regenerate {
        /// Let it sign for these hosts alone: `docker.io` is that name and all below it,
        /// `*.docker.io` only those below, `=docker.io` that name alone; addresses too. Other
        /// hosts are then passed on unread.
        #[arg(long, value_name = "HOST,…")]
        only: Option<String>,
    },
    /// Make the whole system trust the certificate, after showing what that changes.
    Install(ChangeArgs),
    /// Undo `ca install`.
    Uninstall(ChangeArgs),
}

/// `pullscope record`.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct RecordArgs {
    /// Listen on this address; port 0 takes a free one.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:8642",
        value_parser = address,
        env = "PULLSCOPE_LISTEN"
    )]
    pub listen: SocketAddr,

    /// Write the trace as a HAR to this file at the end, and from time to time before.
    #[arg(short, long, value_name = "FILE.har", env = "PULLSCOPE_OUTPUT")]
    pub output: Option<PathBuf>,

    /// Keep the session (journal and bodies) in this directory.
    #[arg(long, value_name = "DIR", env = "PULLSCOPE_SESSION")]
    pub session: Option<PathBuf>,

    /// Allow --listen on an address that other machines can reach; needs --proxy-credentials.
    #[arg(long)]
    pub allow_remote: bool,

    /// What clients must present to the proxy (Basic).
    #[arg(
        long,
        value_name = "USER:PASSWORD",
        env = "PULLSCOPE_PROXY_CREDENTIALS",
        hide_env_values = true
    )]
    pub proxy_credentials: Option<String>,

    /// Hosts in private address ranges that clients on other machines may reach, named as for
    /// --passthrough.
    #[arg(long, value_name = "HOST")]
    pub allow_target: Vec<String>,

    /// Keep blobs as well, in the session. Secrets inside of layers stay in them.
    #[arg(long)]
    pub keep_blobs: bool,

    /// Exit with 4 when an exchange passes this filter, such as `is:error | severity:error`
    /// (docs/reference/filters.md).
    #[arg(long, value_name = "FILTER")]
    pub fail_on: Option<String>,

    /// Print events on stdout, one JSON object a line.
    #[arg(long)]
    pub json: bool,

    /// Show what passes in the live view, as `pullscope` without a word does on a terminal.
    #[arg(long, conflicts_with = "json")]
    pub tui: bool,

    /// What the proxy does.
    #[command(flatten)]
    pub proxy: ProxyArgs,
}

/// `pullscope view`.
#[derive(Args, Clone, Debug)]
pub struct ViewArgs {
    /// A session directory, or a HAR file of any program.
    #[arg(value_name = "SESSION|FILE.har")]
    pub source: PathBuf,
}

/// `pullscope export`.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// A session directory or a HAR file.
    #[arg(value_name = "SESSION|FILE.har")]
    pub source: PathBuf,

    /// The form to write.
    #[arg(long, value_enum, default_value_t = ExportFormat::Har)]
    pub format: ExportFormat,

    /// The file to write; `-` is stdout.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,

    /// Leave out CONNECT entries (tunnels and refused handshakes).
    #[arg(long)]
    pub no_connect_entries: bool,

    /// Do not redact what the source left in.
    #[arg(long)]
    pub keep_secrets: bool,

    /// Write several HAR files of at most this size (bytes, or with K, M, G): browsers fail on
    /// larger ones than 400M.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub split: Option<u64>,

    /// Indent the JSON of a HAR.
    #[arg(long)]
    pub pretty: bool,

    /// What of it.
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// A form to write.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ExportFormat {
    /// HAR 1.2.
    Har,
    /// Plain text: heads as they were on the wire, JSON as it is, other content described.
    Http,
    /// JSON for programs (docs/reference/json.md), as `show --json` prints it.
    Json,
    /// A Markdown article: steps explained, tables, transcripts, a sequence diagram.
    Md,
    /// A web page of its own: the story in both languages, pictures, every exchange in full.
    Html,
    /// A shell script of curl commands.
    Curl,
    /// A Mermaid sequence diagram.
    Mermaid,
    /// OpenTelemetry traces (OTLP/JSON, a request on each line), as collectors read and write them.
    Otlp,
    /// The hosts and ports that were needed.
    Allowlist,
}

/// `pullscope lab`.
#[derive(Args, Clone, Debug)]
pub struct LabArgs {
    /// Serve TLS on this loopback address; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    pub listen: SocketAddr,

    /// Serve the mirror by plain HTTP on this address too.
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    pub http_listen: Option<SocketAddr>,

    /// Serve the registries of this time: 2020 or 2026. Without it that of the providers named.
    #[arg(long, value_name = "YEAR")]
    pub era: Option<String>,

    /// Go wrong on purpose: NAME, or PROVIDER:NAME. `help` lists the names.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,

    /// Answer with the recorded responses of this trace instead.
    #[arg(long, value_name = "FILE.har|SESSION")]
    pub replay: Option<PathBuf>,

    /// Write the lab's CA certificate to this file.
    #[arg(long, value_name = "FILE")]
    pub ca_out: Option<PathBuf>,
}

/// `pullscope demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Pull from these providers only: hub, mirror, gcr, quay; of 2026 hub-2026, ghcr, gar, ecr,
    /// ecr-public, acr, harbor, gitlab, quay-2026.
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Vec<String>,

    /// Pull from the registries of this time: 2020 or 2026. Without it that of the providers named.
    #[arg(long, value_name = "YEAR")]
    pub era: Option<String>,

    /// Speak as this client does: docker-19.03, docker-20.10, docker-29, containerd-2,
    /// containerd-2-chunked or podman-5.
    #[arg(long = "as", value_name = "CLIENT")]
    pub client: Option<String>,

    /// Let something go wrong: NAME, or PROVIDER:NAME. `help` lists the names.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,

    /// The trace to write.
    #[arg(
        short,
        long,
        value_name = "FILE.har",
        default_value = "pullscope-demo.har"
    )]
    pub output: PathBuf,

    /// Stay after the pulls, for clients of your own, until Ctrl-C.
    #[arg(long)]
    pub keep_running: bool,

    /// Tell the story on stdout, also on a terminal, instead of in the live view.
    #[arg(long)]
    pub no_tui: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
