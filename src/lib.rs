//! Renders Helm charts as Helm 4.2 does, byte for byte, and shows how renderings differ.

pub mod cache;
pub mod chart;
#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod database;
pub mod diagnostic;
pub mod diff;
pub mod engine;
pub mod functions;
pub mod go;
pub mod manifest;
pub mod project;
pub mod release;
pub mod render;
pub mod shelf;
mod spread;
mod stack;
pub mod subject;
pub mod template;
pub mod tera;
pub mod text;
pub mod tree;
pub mod value;
pub mod values;
pub mod why;
pub mod world;
pub mod yaml;
