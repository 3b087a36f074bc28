//! Renders Helm charts as Helm 4.2 does, byte for byte, and shows how renderings differ.

pub mod diagnostic;
pub mod go;
pub mod text;
pub mod value;
pub mod yaml;
