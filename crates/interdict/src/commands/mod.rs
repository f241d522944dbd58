//! The commands, one file each: what it asks of the application, and what it shows.

pub mod audit;
pub mod backup;
pub mod check;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod erase;
pub mod export;
pub mod import;
pub mod key;
pub mod merchant;
pub mod migrate;
pub mod openapi;
pub mod pepper;
pub mod restore;
pub mod serve;
pub mod user;
