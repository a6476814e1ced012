package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quern.store.DemoModel;
import dev.quern.store.hub.testing.HubRepository;
import dev.quern.store.hub.testing.TestHub;
import dev.quern.supplier.cli.terminal.Screen;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The single jar and models of a hub: pulled first, served offline, shown on a terminal. */
final class StoreJarIT {
  private static final Path JAR = Path.of(System.getProperty("quern.jar"));

  /** The natives that the other test of the jar unpacks are as good here. */
  private static final Path CACHE = JAR.resolveSibling("jar-test-cache");

  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String QUESTION = "What is 3 plus 4?";

  private final TestHub hub = TestHub.start();
  private final Map<String, String> environment = new HashMap<>();

  StoreJarIT(@TempDir Path folder) {
    environment.put("HF_ENDPOINT", hub.uri().toString());
    environment.put("HF_HUB_CACHE", folder.resolve("hub").toString());
  }

  @AfterEach
  void stopHub() {
    hub.close();
  }

  /** The demo model, as somebody might have published it. */
  private void publishDemo() throws IOException {
    HubRepository repository = hub.repository("org/demo", COMMIT);
    try (Stream<Path> files = Files.list(DemoModel.extract(Files.createDirectories(CACHE)))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".safetensors")) {
          repository.large(name, Files.readAllBytes(file));
        } else {
          repository.file(name, Files.readAllBytes(file));
        }
      }
    }
  }

  private JarProcess quern(String... arguments) {
    return JarProcess.start(CACHE, environment, arguments);
  }

  @Test
  void whatIsNotHereIsPulledAndThenServedOffline() throws IOException {
    publishDemo();
    try (JarProcess run = quern("run", "org/demo", QUESTION)) {
      assertEquals(0, run.exitCode(), run.toString());
      assertTrue(run.output().contains("7"), run.toString());
      assertTrue(run.error().contains("Pulled org/demo@main"), run.toString());
    }
    environment.put("HF_HUB_OFFLINE", "1");
    try (JarProcess serve = quern("serve", "--model", "org/demo", "--port", "0")) {
      serve.awaitOutput(line -> line.startsWith("Serving org/demo"));
      assertEquals(0, serve.terminate().exitCode(), serve.toString());
    }
    try (JarProcess serve = quern("serve", "--model", "org/other", "--port", "0")) {
      assertEquals(6, serve.exitCode(), serve.toString());
      assertTrue(serve.error().contains("HF_HUB_OFFLINE forbids"), serve.toString());
    }
  }

  @Test
  void aTerminalShowsTheProgressInItsOwnWidth() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "script is not installed");
    hub.repository("org/large", COMMIT)
        .file("config.json", "{}")
        .large("a-rather-long-name-of-a-file-of-weights.safetensors", new byte[3_000_000]);
    // Slow enough for several frames, whatever the machine does meanwhile.
    hub.throttle(2_000_000);
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            "/usr/bin/script",
            "-qec",
            "stty cols 50 rows 20; exec '%s' -jar '%s' pull org/large".formatted(java, JAR),
            "/dev/null");
    builder.environment().putAll(environment);
    builder.environment().put("TERM", "xterm");
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), text);
    assertTrue(text.contains("Total"), text);
    List<String> block = text.lines().filter(line -> line.contains(" % ")).toList();
    assertTrue(block.size() > 1, text);
    for (String line : block) {
      String letters = line.replaceAll("\u001b\\[\\d*[A-Z]|\r", "");
      assertTrue(letters.length() < 50, letters);
    }
    Screen screen = new Screen(50);
    screen.stream().print(text.replace("^D\b\b", ""));
    assertTrue(
        screen.lines().stream().anyMatch(line -> line.startsWith("Pulled org/large@main: 3.0 MB")),
        screen.lines().toString());
    assertTrue(screen.lines().stream().noneMatch(line -> line.startsWith("Total")), text);
  }
}
