//! What a live demo leaves in the world: processes and a folder. Both are gone when the stage is closed, whichever thread
//! closes it, and nothing can be started or written on it afterwards.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Folders left by demos that could not tidy up, and had the same process id, are stepped over up to this many.
const MOST_TRIES: u32 = 100;

#[derive(Debug, Default)]
struct Props {
    folder: Option<PathBuf>,
    processes: BTreeMap<usize, Child>,
    closed: bool,
}

/// The processes, by number, and the folder.
#[derive(Debug, Default)]
pub(super) struct Stage(Mutex<Props>);

impl Stage {
    fn props(&self) -> MutexGuard<'_, Props> {
        // Every change is a single step, so a thread that panicked left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As long as this is held, the stage stays open.
    fn open(&self) -> Result<MutexGuard<'_, Props>, Failure> {
        let props = self.props();
        if props.closed {
            return Err(super::interrupted());
        }
        Ok(props)
    }

    /// Makes the folder, which nobody else can read.
    pub(super) fn make_folder(&self) -> Result<PathBuf, Failure> {
        let mut props = self.open()?;
        let base = std::env::temp_dir();
        let name = format!("spanlight-demo-{}", std::process::id());
        let mut error = None;
        for attempt in 0..MOST_TRIES {
            let path = base.join(if attempt == 0 { name.clone() } else { format!("{name}-{attempt}") });
            match private_folder(&path) {
                Ok(()) => {
                    props.folder = Some(path.clone());
                    return Ok(path);
                }
                Err(e) => error = Some(e),
            }
        }
        let reason = error.map(|e| e.to_string()).unwrap_or_default();
        Err(Failure::unreadable(format!("no folder can be made in {}: {reason}", base.display()))
            .hint("set TMPDIR to a folder that can be written to"))
    }

    /// Writes into the folder. Closing waits for it, so it should be short: what is written while the folder is removed, or
    /// later, would make it again.
    pub(super) fn write<T>(&self, write: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let _open = self.open()?;
        write()
    }

    /// Starts a process that ends with its standard input, which is held open here: so it ends even if this process is
    /// killed and closes nothing.
    pub(super) fn start(
        &self,
        number: usize,
        command: impl FnOnce() -> Result<Command, Failure>,
    ) -> Result<(), Failure> {
        let mut props = self.open()?;
        let child = command()?.stdin(Stdio::piped()).spawn();
        let child = child.map_err(|e| Failure::unreadable(format!("this program cannot be started again: {e}")))?;
        props.processes.insert(number, child);
        Ok(())
    }

    /// Kills a process outright: it gets no chance to put anything in order.
    pub(super) fn kill(&self, number: usize) {
        let mut props = self.props();
        if let Some(mut process) = props.processes.remove(&number) {
            end(&mut process);
        }
    }

    /// Whether a process was started and not killed.
    pub(super) fn runs(&self, number: usize) -> bool {
        self.props().processes.contains_key(&number)
    }

    /// How a process ended that nobody killed.
    pub(super) fn ended(&self, number: usize) -> Option<ExitStatus> {
        self.props().processes.get_mut(&number)?.try_wait().ok().flatten()
    }

    /// Kills what runs and removes the folder; says what of it stays.
    pub(super) fn close(&self) -> Result<(), String> {
        let mut props = self.props();
        props.closed = true;
        let mut processes = std::mem::take(&mut props.processes);
        processes.values_mut().for_each(end);
        let Some(folder) = props.folder.take() else { return Ok(()) };
        match std::fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(format!("{} cannot be removed: {e}", folder.display())),
            _ => Ok(()),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

#[cfg(unix)]
fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn closing_waits_for_what_is_being_written_and_afterwards_nothing_is_written_or_started() {
        let stage = Stage::default();
        let folder = stage.make_folder().unwrap();
        let keys = folder.join("operator-1/main");
        let (writing, is_writing) = mpsc::channel();
        std::thread::scope(|scope| {
            let written = scope.spawn(|| {
                stage.write(|| {
                    writing.send(()).unwrap();
                    std::thread::sleep(Duration::from_millis(200));
                    std::fs::create_dir_all(&keys).map_err(Failure::unreadable)
                })
            });
            is_writing.recv().unwrap();
            assert_eq!(stage.close(), Ok(()));
            assert_eq!(written.join().unwrap(), Ok(()), "it was let finish");
        });
        assert!(!folder.exists());
        let refused = Err(super::super::interrupted());
        assert_eq!(stage.write(|| unreachable!("it is closed")), refused);
        assert_eq!(stage.start(0, || unreachable!("it is closed")), refused);
        assert_eq!(stage.make_folder().err(), refused.err());
    }

    #[test]
    fn what_cannot_be_removed_is_named() {
        let stage = Stage::default();
        let folder = stage.make_folder().unwrap();
        std::fs::remove_dir(&folder).unwrap();
        std::fs::write(&folder, "in its place").unwrap();
        let left = stage.close().unwrap_err();
        std::fs::remove_file(&folder).unwrap();
        assert!(left.contains(&folder.display().to_string()), "{left}");
    }
}
