//! How the command is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    // A program at a fixed address has nothing to relocate when it starts: half of what starting takes, and a tenth of a small
    // render. What it gives up is that the program's own code lies at a random address; stack, heap and libraries still do.
    if target("OS") == "linux" && target("ENV") == "gnu" && target("ARCH") == "x86_64" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
