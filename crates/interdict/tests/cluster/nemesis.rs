//! What befalls a cluster: one fault after the other, each of them healed by itself.

use std::time::Duration;

use rustix::process::Signal;

use crate::nodes::Cluster;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NodeKilled,
    NodeStopped,
    ServerCrashes,
    ConnectionsCut,
    NetworkSlow,
    NetworkSwallows,
    NetworkRefuses,
}

impl Fault {
    pub const ALL: [Self; 7] = [
        Self::NodeKilled,
        Self::NodeStopped,
        Self::ServerCrashes,
        Self::ConnectionsCut,
        Self::NetworkSlow,
        Self::NetworkSwallows,
        Self::NetworkRefuses,
    ];
}

/// Deals them out, in turn and each to another node.
pub struct Nemesis {
    faults: Vec<Fault>,
    strikes: usize,
}

impl Nemesis {
    pub fn new(faults: &[Fault]) -> Self {
        Self { faults: faults.to_vec(), strikes: 0 }
    }

    /// A fault and what ends it, with a rest before.
    pub fn strike(&mut self, cluster: &mut Cluster) {
        std::thread::sleep(Duration::from_millis(700));
        if self.faults.is_empty() {
            return;
        }
        let fault = self.faults[self.strikes % self.faults.len()];
        // Another node at each round, and now and then longer than a lease.
        let victim = (self.strikes / self.faults.len() + self.strikes) % cluster.nodes.len();
        let long = self.strikes % 2 == 1;
        self.strikes += 1;
        let pause = Duration::from_millis(if long { 2_500 } else { 600 });
        let node = &mut cluster.nodes[victim];
        match fault {
            Fault::NodeKilled => {
                node.kill();
                cluster.spawn(victim);
            }
            Fault::NodeStopped => {
                node.signal(Signal::STOP);
                std::thread::sleep(pause);
                node.signal(Signal::CONT);
            }
            Fault::ServerCrashes => {
                cluster.postgres.stop_immediately();
                std::thread::sleep(pause);
                cluster.postgres.start_again();
            }
            Fault::ConnectionsCut => node.proxy.cut(),
            Fault::NetworkSlow => {
                node.proxy.set_delay(Duration::from_millis(150));
                std::thread::sleep(pause);
                node.proxy.set_delay(Duration::ZERO);
            }
            Fault::NetworkSwallows => {
                node.proxy.freeze(true);
                std::thread::sleep(pause);
                node.proxy.freeze(false);
            }
            Fault::NetworkRefuses => {
                node.proxy.refuse(true);
                std::thread::sleep(pause);
                node.proxy.refuse(false);
            }
        }
    }
}
