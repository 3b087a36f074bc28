//! How the command is linked.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/order.ld");
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let target = |what: &str| variable(&format!("CARGO_CFG_TARGET_{what}"));
    if target("OS") != "linux" || target("ENV") != "gnu" || target("ARCH") != "x86_64" {
        return;
    }
    // A program at a fixed address has nothing to relocate when it starts: half of what starting takes, and a tenth of a small
    // render. What it gives up is that the program's own code lies at a random address; stack, heap and libraries still do.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    // What renders run lies side by side: the kernel maps 64 kB around what is touched, so that fewer pages are touched for the first
    // time and count as memory. Whoever chose a linker may have one that reads no scripts.
    let is_chosen = !variable("RUSTC_LINKER").is_empty()
        || ["linker", "link-arg", "fuse-ld"].iter().any(|flag| variable("CARGO_ENCODED_RUSTFLAGS").contains(flag));
    let script = format!("{}/src/order.ld", variable("CARGO_MANIFEST_DIR"));
    if variable("PROFILE") == "release" && !is_chosen && !script.contains(',') {
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{script}");
    }
    // What unwinds is part of the program where the compiler has it for that: one library less to load. Whoever uses the library alone
    // has a program of their own.
    if std::env::var_os("CARGO_FEATURE_CLI").is_some()
        && variable("HOST") == variable("TARGET")
        && let Ok(found) = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output()
        && let Some(folder) =
            Path::new(String::from_utf8_lossy(&found.stdout).trim()).parent().filter(|p| p.is_absolute())
    {
        println!("cargo:rustc-link-search=native={}", folder.display());
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
