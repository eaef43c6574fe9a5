//! Whether clients may go to the broker, and where it is.

use std::net::SocketAddr;

use tokio::sync::watch;

/// What clients are told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gate {
    /// Where the broker is; none while it is dead, or while something is changed first.
    pub open: Option<SocketAddr>,
    /// Where its admin listener is then.
    pub admin: Option<SocketAddr>,
    /// Nothing new is to be sent: what is under way is brought to its end.
    pub finishing: bool,
    /// Everything is over.
    pub over: bool,
}

/// A client's view of the gate.
#[derive(Debug, Clone)]
pub struct GateKeeper(pub watch::Receiver<Gate>);

impl GateKeeper {
    /// Waits until the gate is open. `None`: everything is over.
    pub async fn pass(&mut self) -> Option<SocketAddr> {
        let gate = self.0.wait_for(|gate| gate.over || gate.open.is_some()).await.ok()?;
        gate.open.filter(|_| !gate.over)
    }

    /// The same, and where its admin listener is.
    pub async fn pass_admin(&mut self) -> Option<SocketAddr> {
        let gate = self.0.wait_for(|gate| gate.over || gate.admin.is_some()).await.ok()?;
        gate.admin.filter(|_| !gate.over)
    }

    /// Waits until everything is over.
    pub async fn wait_until_over(&mut self) {
        // An error: nobody is there any more to say so.
        let _ = self.0.wait_for(|gate| gate.over).await;
    }

    /// Whether nothing new is to be sent.
    pub fn finishing(&self) -> bool {
        self.0.borrow().finishing
    }

    /// Whether everything is over.
    pub fn over(&self) -> bool {
        self.0.borrow().over
    }
}
