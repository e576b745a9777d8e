//! A terminal that a test looks at: a tmux of its own.

use std::fs::{self, OpenOptions};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::termios::{Action, tcflow};

use crate::process::command;
use crate::wait;

const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with a shell script in it; dropping it ends both.
pub(crate) struct Terminal {
    socket: PathBuf,
    dir: PathBuf,
}

impl Terminal {
    /// Runs a command in a terminal of this size. Its process id, the terminal's modes before and
    /// after it, and its exit code are put into files of `dir`.
    pub(crate) fn start(dir: &Path, (width, height): (u16, u16), run: &str) -> Self {
        fs::create_dir_all(dir).expect("the folder is writable");
        let script = dir.join("script.sh");
        let text = format!(
            "cd '{0}'\nstty -a >before\nsh -c 'echo $$ >pid; exec {run}'\necho $? >code\nstty -a >after\n\
             echo THE END\nexec cat\n",
            dir.display()
        );
        fs::write(&script, text).expect("the folder is writable");
        let terminal = Self {
            socket: dir.join("tmux.sock"),
            dir: dir.to_owned(),
        };
        let size = [width.to_string(), height.to_string()];
        let [width, height] = &size;
        let shell = format!("exec sh {}", script.display());
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            width,
            "-y",
            height,
            &shell,
        ]);
        terminal
    }

    /// What it shows.
    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Presses keys, by tmux's names.
    pub(crate) fn keys(&self, keys: &[&str]) {
        let mut args = vec!["send-keys"];
        args.extend(keys);
        self.tmux(&args);
    }

    /// Types a text as it is.
    pub(crate) fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Waits until it shows all of this.
    pub(crate) fn until(&self, texts: &[&str]) -> String {
        let mut last = String::new();
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if texts.iter().all(|text| screen.contains(text)) {
                return screen;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "waited in vain for {texts:?}; before:\n{last}\nnow:\n{screen}"
            );
            last = screen;
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the end of the command; its exit code. The terminal must be as it was.
    pub(crate) fn ended(&self) -> i32 {
        self.until(&["THE END"]);
        let before = modes(&self.file("before"));
        assert!(before.contains("icanon"), "stty says what the modes are");
        assert_eq!(modes(&self.file("after")), before, "the terminal's modes");
        self.file("code")
            .trim()
            .parse()
            .expect("a code is a number")
    }

    /// The process id of the command.
    pub(crate) fn pid(&self) -> i32 {
        wait::until("the process id", PATIENCE, || {
            self.file("pid").trim().parse().ok()
        })
    }

    /// Whether the alternate screen is on.
    pub(crate) fn is_alternate(&self) -> bool {
        self.tmux(&["display-message", "-p", "#{alternate_on}"])
            .trim()
            == "1"
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        self.tmux(&["resize-window", "-x", &width, "-y", &height]);
    }

    /// Stops the terminal's output as Ctrl-S does, or lets it go on.
    pub(crate) fn stop_output(&self, stop: bool) {
        let tty = self.tmux(&["display-message", "-p", "#{pane_tty}"]);
        let file = OpenOptions::new().read(true).write(true).open(tty.trim());
        let fd = OwnedFd::from(file.expect("the terminal is ours"));
        let action = if stop { Action::OOff } else { Action::OOn };
        tcflow(fd, action).expect("it is a terminal");
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap_or_default()
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut tmux = command("tmux");
        tmux.arg("-S")
            .arg(&self.socket)
            .args(args)
            .env_remove("TMUX");
        // What a user's terminal would say about itself.
        tmux.env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env_remove("NO_COLOR")
            .env_remove("LC_ALL");
        let output = tmux.output().expect("tmux runs");
        assert!(
            output.status.success(),
            "tmux {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut tmux = command("tmux");
        // Fails only when it has ended already.
        let _ = tmux.arg("-S").arg(&self.socket).arg("kill-server").output();
    }
}

/// What stty says, without the size: that may have changed.
fn modes(stty: &str) -> String {
    let parts = stty.split(';').map(str::trim);
    let modes = parts.filter(|part| !part.starts_with("rows") && !part.starts_with("columns"));
    modes.collect::<Vec<_>>().join("; ")
}
