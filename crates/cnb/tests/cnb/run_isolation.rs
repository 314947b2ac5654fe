//! `cnb run`: what a container sees of its image and of the host.

use std::os::unix::fs::PermissionsExt;

use fs_err::os::unix::fs::symlink;
use test_kit::{ImageFixture, LayerFixture};

use crate::support::{Mode, Workspace, archive, stderr, stdout};

/// What a shell script prints in `localhost/shell`.
fn printed(workspace: &Workspace, mode: Mode, script: &str) -> String {
    let output = workspace.run(mode).args(["localhost/shell", "--", "sh", "-c", script]).output().unwrap();
    assert!(output.status.success(), "{mode:?}: {}", stderr(&output));
    assert!(workspace.is_clean());
    stdout(&output)
}

#[test]
fn layers_hide_what_they_remove() {
    let workspace = Workspace::new();
    let mut image = ImageFixture::default();
    image.layers.push(LayerFixture::compressed(archive(&workspace.shell_rootfs())));
    let image = image
        .layer(&[("data/a/1", "lower"), ("data/a/2", "lower"), ("data/b/1", "lower"), ("data/c", "lower")])
        .layer(&[
            ("data/a/.wh.1", ""),
            ("data/b/.wh..wh..opq", ""),
            ("data/b/2", "upper"),
            ("data/c", "upper"),
        ])
        .layer(&[("data/d/", ""), ("data/.wh.e", "")]);
    image.write(&workspace.image_dir("localhost/shell"));
    for mode in Mode::all() {
        let listing = printed(&workspace, mode, "cd /data; ls -A -R; cat c");
        assert_eq!(listing, ".:\na\nb\nc\nd\n\n./a:\n2\n\n./b:\n2\n\n./d:\nupper", "{mode:?}");
    }
}

#[test]
fn devices_and_fifos_of_the_image_are_left_out() {
    let workspace = Workspace::new();
    let rootfs = workspace.shell_rootfs();
    fs_err::create_dir(rootfs.join("dev")).unwrap();
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o666);
    nix::unistd::mkfifo(&rootfs.join("dev/fifo"), mode).unwrap();
    let mut image = ImageFixture::default();
    image.layers.push(LayerFixture::compressed(archive(&rootfs)));
    image.write(&workspace.image_dir("localhost/shell"));
    for mode in Mode::all() {
        assert_eq!(printed(&workspace, mode, "test -e /dev/fifo || echo none"), "none\n", "{mode:?}");
    }
}

#[test]
fn devices_and_processes_are_there() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    let script = "
        for name in null zero full random urandom tty; do test -c /dev/$name || echo no $name; done
        echo gone > /dev/null && cat /dev/null
        test -d /dev/shm && test -e /dev/pts/ptmx && echo ok > /dev/shm/file && cat /dev/shm/file
        cd /proc; for pid in [0-9]*; do test $pid -gt 9 && echo $pid; done; true";
    for mode in Mode::all() {
        assert_eq!(printed(&workspace, mode, script), "ok\n", "{mode:?}");
    }
}

#[test]
fn streams_can_be_opened_by_name() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    // The ordinary user is given pipes of another user here.
    for mode in Mode::all().into_iter().filter(|mode| *mode != Mode::User) {
        assert_eq!(printed(&workspace, mode, "echo out > /dev/stdout"), "out\n");
    }
}

#[test]
fn the_network_is_the_hosts_and_processes_are_not() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    let own = |name: &str| fs_err::read_link(format!("/proc/self/ns/{name}")).unwrap();
    for mode in Mode::all() {
        let namespaces = printed(&workspace, mode, "cd /proc/self/ns; readlink net pid mnt ipc");
        let namespaces: Vec<_> = namespaces.lines().collect();
        assert_eq!(namespaces[0], own("net").to_str().unwrap());
        for (namespace, name) in namespaces[1..].iter().zip(["pid", "mnt", "ipc"]) {
            assert_ne!(*namespace, own(name).to_str().unwrap(), "{mode:?}");
        }
        if let Ok(expected) = fs_err::read_to_string("/etc/resolv.conf") {
            assert_eq!(printed(&workspace, mode, "cat /etc/resolv.conf"), expected, "{mode:?}");
        }
    }
}

#[test]
fn nothing_of_the_host_is_in_reach() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    let host = workspace.path("");
    for mode in Mode::all() {
        let script = format!("ls {} /proc/1/root/{} 2>&1; ls /..; true", host.display(), host.display());
        let listing = printed(&workspace, mode, &script);
        assert!(!listing.contains("rootfs") && !listing.contains("layout"), "{mode:?}: {listing}");
        // The root that was left behind is not below the new one.
        let mounts = printed(&workspace, mode, "cat /proc/self/mountinfo");
        let roots = mounts.lines().filter(|line| line.split(' ').nth(4) == Some("/")).count();
        assert_eq!(roots, 1, "{mode:?}: {mounts}");
    }
}

#[test]
fn privileges_cannot_be_gained() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    for mode in Mode::all() {
        let status = printed(&workspace, mode, "cat /proc/self/status");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().to_owned()
        };
        assert_eq!(field("NoNewPrivs:"), "1", "{mode:?}");
        assert_eq!(u64::from_str_radix(&field("CapEff:"), 16), Ok(0), "{mode:?}");
    }
}

#[test]
fn root_in_a_container_is_not_root_on_the_host() {
    let workspace = Workspace::new();
    workspace.shell_image("root");
    let system_admin = 1 << 21;
    for mode in Mode::all() {
        let status = printed(&workspace, mode, "id -u; cat /proc/self/status");
        assert!(status.starts_with("0\n"), "{mode:?}");
        let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
        let capabilities = u64::from_str_radix(capabilities.trim(), 16).unwrap();
        // In a namespace of its own it may have all that concern nothing outside.
        assert!(mode == Mode::User || capabilities & system_admin == 0, "{mode:?}: {capabilities:x}");
    }
}

#[test]
fn files_belong_to_whom_the_layers_say_or_to_the_user() {
    let workspace = Workspace::new();
    workspace.shell_image("cnb");
    for mode in Mode::all() {
        let writable = printed(&workspace, mode, "test -w /etc/passwd && echo yes || echo no");
        let expected = if mode == Mode::User { "yes\n" } else { "no\n" };
        assert_eq!(writable, expected, "{mode:?}");
    }
}

#[test]
fn the_umask_of_whoever_starts_it_does_not_matter() {
    let workspace = Workspace::new();
    let mut image = ImageFixture::default();
    image.layers.push(LayerFixture::compressed(archive(&workspace.shell_rootfs())));
    image = image.layer(&[("without/parents/file", "content")]);
    image.config["config"]["User"] = "1000:1000".into();
    image.config["config"]["WorkingDir"] = "/made/for/it".into();
    image.write(&workspace.image_dir("localhost/shell"));
    for mode in Mode::all() {
        let script = "umask; cat /without/parents/file /etc/resolv.conf > /dev/null && pwd && ls /dev /made";
        let mut command = workspace.run_after(mode, "umask 077");
        command.args(["localhost/shell", "--", "sh", "-c", script]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{mode:?}: {}", stderr(&output));
        assert!(stdout(&output).starts_with("0022\n/made/for/it\n"), "{mode:?}: {}", stdout(&output));
    }
}

#[test]
fn closed_directories_neither_stop_an_ordinary_user_nor_stay_behind() {
    let workspace = Workspace::new();
    let rootfs = workspace.shell_rootfs();
    fs_err::create_dir_all(rootfs.join("closed/inner")).unwrap();
    fs_err::write(rootfs.join("closed/inner/file"), "lower").unwrap();
    fs_err::set_permissions(rootfs.join("closed/inner"), PermissionsExt::from_mode(0o555)).unwrap();
    fs_err::set_permissions(rootfs.join("closed"), PermissionsExt::from_mode(0o555)).unwrap();
    let mut image = ImageFixture::default();
    image.layers.push(LayerFixture::compressed(archive(&rootfs)));
    let image = image.layer(&[("closed/inner/file", "upper"), ("closed/new", "upper")]);
    image.write(&workspace.image_dir("localhost/shell"));
    for mode in Mode::all() {
        let text = printed(&workspace, mode, "cat /closed/inner/file /closed/new; mkdir() { :; }; cd /tmp");
        assert_eq!(text, "upperupper", "{mode:?}");
    }
}

#[test]
fn links_of_the_image_do_not_lead_to_the_host() {
    let workspace = Workspace::new();
    let rootfs = workspace.shell_rootfs();
    let target = workspace.path("target");
    fs_err::create_dir(&target).unwrap();
    fs_err::set_permissions(&target, PermissionsExt::from_mode(0o777)).unwrap();
    fs_err::remove_file(rootfs.join("etc/passwd")).unwrap();
    fs_err::remove_dir(rootfs.join("etc")).unwrap();
    for name in ["etc", "dev", "proc"] {
        symlink(&target, rootfs.join(name)).unwrap();
    }
    let mut image = ImageFixture::default();
    image.layers.push(LayerFixture::compressed(archive(&rootfs)));
    image.write(&workspace.image_dir("localhost/shell"));
    for mode in Mode::all() {
        // Whether such an image runs is of no interest.
        let output =
            workspace.run(mode).args(["localhost/shell", "--", "sh", "-c", "echo"]).output().unwrap();
        assert!(fs_err::read_dir(&target).unwrap().next().is_none(), "{mode:?}: {}", stderr(&output));
        assert!(workspace.is_clean(), "{mode:?}");
    }
}
