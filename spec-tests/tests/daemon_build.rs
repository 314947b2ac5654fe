//! The executables with a container engine, as a platform on a laptop runs them; the images are run.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells of a skip"
)]

use std::path::PathBuf;
use std::process::Command;

use test_engine::{Recorder, TestEngine};
use test_kit::{Scratch, ScriptedBuildpack};

/// The build image's user.
const USER: &str = "1000";

/// Of layers and app directory.
const BUILD: &str = "
layer=$CNB_LAYERS_DIR/greeting
mkdir -p \"$layer/env.launch\"
printf '[types]\\nlaunch = true\\n' > \"$layer.toml\"
echo 'a greeting' > \"$layer/text\"
printf layer > \"$layer/env.launch/ORIGIN\"
head -c 3000000 /dev/zero > \"$layer/large\"
cat > \"$CNB_LAYERS_DIR/launch.toml\" <<END
[[processes]]
type = 'web'
command = ['/bin/cat', '$layer/text']
default = true
[[processes]]
type = 'origin'
command = ['/bin/sh', '-c', 'echo from \\$ORIGIN with \\$EXTRA']
END
echo '{}' > \"$CNB_LAYERS_DIR/launch.sbom.cdx.json\"
";

struct Platform {
    engine: &'static TestEngine,
    recorder: Recorder,
    lifecycle: PathBuf,
    scratch: Scratch,
}

impl Platform {
    fn new() -> Option<Self> {
        let Some(lifecycle) = std::env::var_os("LIFECYCLE_DIR").map(PathBuf::from) else {
            assert!(std::env::var_os("CI").is_none(), "LIFECYCLE_DIR must name the executables");
            eprintln!("SKIPPED: LIFECYCLE_DIR does not name the static executables; run `make test`");
            return None;
        };
        let engine = TestEngine::shared()?;
        let launcher = lifecycle.join("launcher");
        let changes = ["ENV PATH=/bin", "USER 1000:1000", "LABEL io.buildpacks.base.distro.name=tests"];
        engine.import_runnable("of-tests/run:1", &[&launcher], &changes);
        let scratch = Scratch::new();
        let buildpack = ScriptedBuildpack::new("of/tests", "0.10").build(BUILD);
        let buildpack = buildpack.key("sbom-formats = ['application/vnd.cyclonedx+json']");
        buildpack.install(&scratch.path("buildpacks"));
        scratch.write("order.toml", "[[order]]\n[[order.group]]\nid = 'of/tests'\nversion = '1.0.0'\n");
        scratch.write("run.toml", "[[images]]\nimage = 'of-tests/run:1'\n");
        scratch.write("app/file", "of the app\n");
        fs_err::create_dir(scratch.path("launch-cache")).unwrap();
        // Opens the directories for the user.
        drop(scratch.phase(&launcher, "0.12"));
        Some(Self { engine, recorder: Recorder::before(engine), lifecycle, scratch })
    }

    /// Runs the creator as root, as which it does not stay; what it said.
    #[track_caller]
    fn create(&self, image: &str, arguments: &[&str]) -> String {
        self.recorder.forget();
        let path = |name: &str| self.scratch.path(name);
        let output = Command::new(self.lifecycle.join("creator"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TMPDIR", path("tmp"))
            .env("CNB_PLATFORM_API", "0.12")
            .env("CNB_APP_DIR", path("app"))
            .env("CNB_LAYERS_DIR", path("layers"))
            .env("CNB_PLATFORM_DIR", path("platform"))
            .env("CNB_BUILDPACKS_DIR", path("buildpacks"))
            .env("CNB_BUILD_CONFIG_DIR", path("build-config"))
            .env("CNB_ORDER_PATH", path("order.toml"))
            .env("CNB_RUN_PATH", path("run.toml"))
            .env("CNB_LAUNCH_CACHE_DIR", path("launch-cache"))
            .env("CNB_USER_ID", USER)
            .env("CNB_GROUP_ID", USER)
            .env("DOCKER_HOST", self.recorder.host())
            .args(["-daemon", "-run-image", "of-tests/run:1", "-launcher"])
            .arg(self.lifecycle.join("launcher"))
            .args(arguments)
            .arg(image)
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{text}");
        text
    }

    /// What a container prints; `None` where none can run, which is an error where everything is tested.
    fn run(&self, arguments: &[&str]) -> Option<String> {
        let isolated = ["run", "--rm", "--network", "none"];
        let (succeeded, text) = self.engine.try_docker(&[&isolated, arguments].concat());
        if !succeeded {
            assert!(std::env::var_os("CI").is_none(), "no container runs: {text}");
            eprintln!("SKIPPED: containers cannot run here, so images are not run: {text}");
        }
        succeeded.then_some(text)
    }
}

#[test]
fn a_creator_builds_images_that_run_and_builds_them_again() {
    let Some(platform) = Platform::new() else { return };
    let image = "of-tests/app:1";
    let text = platform.create(image, &["-tag", "of-tests/app:also"]);
    assert!(text.contains("Adding layer 'of/tests:greeting'"), "{text}");
    let id = platform.engine.id(image);
    assert_eq!(platform.engine.id("of-tests/app:also"), id);
    let report = platform.scratch.read("layers/report.toml");
    assert!(report.contains(&format!("image-id = \"{id}\"")), "{report}");
    let config =
        platform.engine.inspect(image, "{{.Config.User}} {{.Config.Entrypoint}} {{.Config.WorkingDir}}");
    assert_eq!(config, format!("1000:1000 [/cnb/process/web] {}", platform.scratch.path("app").display()));
    for (label, part) in [
        ("io.buildpacks.build.metadata", "\"type\":\"origin\""),
        ("io.buildpacks.lifecycle.metadata", "\"of/tests\""),
        ("io.buildpacks.base.distro.name", "tests"),
    ] {
        let text = platform.engine.inspect(image, &format!("{{{{index .Config.Labels \"{label}\"}}}}"));
        assert!(text.contains(part), "{label}: {text}");
    }
    for (arguments, expected) in [
        (&[image][..], "a greeting"),
        (&["--env", "EXTRA=more", "--entrypoint", "origin", image], "from layer with more"),
        (&["--entrypoint", "launcher", image, "--", "/bin/cat", "file"], "of the app"),
    ] {
        let Some(text) = platform.run(arguments) else { continue };
        assert_eq!(text, expected);
    }

    let text = platform.create(image, &[]);
    assert!(text.contains("Reusing layer 'of/tests:greeting'"), "{text}");
    assert_eq!(platform.engine.id(image), id);
    assert!(platform.recorder.sent() < 200_000, "{}", platform.recorder.sent());
    // The SBOM files of the image before came from the launch cache.
    assert_eq!(platform.recorder.count("/get"), 0);

    // By id or by name, into another name.
    for previous in [&id, image] {
        let text = platform.create("of-tests/app:2", &["-previous-image", previous]);
        assert!(text.contains("Reusing layer 'of/tests:greeting'"), "{text}");
        assert_eq!(platform.engine.id("of-tests/app:2"), id);
    }
}
