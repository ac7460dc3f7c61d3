//! A server whose shard has died must not go on without it: its rooms would look live, and nobody in them be heard.

use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a shard's thread. Unless it was told to stop, its end is the end of the process: whoever watches over the
/// server starts it again, and its rooms are live again a moment later. Nothing less would do: what the thread owned, the
/// links and sounds of its rooms, may be half changed, and is all that these rooms are.
pub(crate) fn run(shard: u8, thread: impl FnOnce() -> io::Result<()>) {
    let why = match catch_unwind(AssertUnwindSafe(thread)) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("its socket is broken: {error}"),
        Err(_told_by_the_panic_hook) => "it panicked".to_owned(),
    };
    // Not a log's business alone: whatever carries that away may not get round to it.
    let sentence = format!(
        "palabre: media thread {shard} ended, {why}. The server ends with it, to be started again.\n"
    );
    let _ = io::stderr().write_all(sentence.as_bytes());
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Output};

    /// Set in the process that is to end.
    const VICTIM: &str = "PALABRE_TEST_ENDS_AS";

    /// Runs the test of this name in a process of its own, where it ends its shard `how`.
    fn ended(test: &str, how: &str) -> Output {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(VICTIM, how)
            .output()
            .unwrap()
    }

    fn end_as_asked() -> bool {
        let Ok(how) = std::env::var(VICTIM) else {
            return false;
        };
        let thread = move || match how.as_str() {
            "stopped" => Ok(()),
            "broken" => Err(std::io::Error::other("no such network")),
            other => panic!("{other}"),
        };
        std::thread::spawn(|| super::run(7, thread)).join().unwrap();
        true
    }

    #[test]
    fn a_shard_that_ends_unasked_takes_the_process_with_it_and_says_so() {
        if end_as_asked() {
            return;
        }
        let name =
            "last_resort::tests::a_shard_that_ends_unasked_takes_the_process_with_it_and_says_so";
        for (how, why) in [
            ("panicked", "media thread 7 ended, it panicked."),
            ("broken", "its socket is broken: no such network."),
        ] {
            let output = ended(name, how);
            assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{how}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains(why), "{said}");
        }
        assert!(ended(name, "stopped").status.success());
    }
}
