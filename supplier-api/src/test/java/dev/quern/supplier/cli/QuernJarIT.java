package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The single jar as a user starts it: {@code java -jar quern.jar}, no flags, an empty cache. */
final class QuernJarIT {
  private static final Path JAR = Path.of(System.getProperty("quern.jar"));
  private static final Path CACHE = JAR.resolveSibling("jar-test-cache");
  private static final long MOST_BYTES = 200_000_000;

  /** Everything that may stand on standard error of a process that does well. */
  private static final Pattern EXPECTED =
      Pattern.compile("(Unpacking|Unpacked|Waiting|Loading|Loaded|Stopping|Stopped|Hub cache) ?.*");

  private static JarProcess first;
  private static JarProcess second;
  private static String url;

  /** Two processes at once find the cache empty; one of them serves the tests that follow. */
  @BeforeAll
  static void startTwoAtOnce() throws IOException {
    delete(CACHE);
    Files.createDirectories(CACHE);
    first = JarProcess.start(CACHE, Map.of(), "serve", "--port", "0");
    second = JarProcess.start(CACHE, Map.of(), "serve", "--port", "0");
    url = first.awaitOutput(line -> line.startsWith("Listening on ")).substring(13);
    second.awaitOutput(line -> line.startsWith("Listening on "));
  }

  @AfterAll
  static void stop() {
    first.close();
    second.close();
  }

  private static JarProcess quern(String... arguments) {
    return JarProcess.start(CACHE, Map.of(), arguments);
  }

  private static void assertClean(JarProcess process) {
    List<String> unexpected =
        process.error().lines().filter(line -> !EXPECTED.matcher(line).matches()).toList();
    assertEquals(List.of(), unexpected);
  }

  private static void assertRefused(int exitCode, String error, JarProcess process) {
    assertEquals(exitCode, process.exitCode(), process.toString());
    assertEquals(error + "\n", process.error());
    assertEquals("", process.output());
  }

  @Test
  void oneOfTwoUnpacksAndBothServeAndStopOnSigterm() throws Exception {
    long unpackings =
        Stream.of(first, second).filter(one -> one.error().contains("Unpacking")).count();
    assertEquals(1, unpackings);
    try (HttpClient client = HttpClient.newHttpClient()) {
      // The answer has begun, far from its end: it is to arrive whole all the same.
      HttpResponse<Stream<String>> running = client.send(longAnswer(), BodyHandlers.ofLines());
      second.terminate();
      List<String> events = running.body().filter(line -> !line.isEmpty()).toList();
      assertEquals("data: [DONE]", events.getLast());
      assertTrue(events.get(events.size() - 2).contains("\"finish_reason\":\"length\""));
    }
    assertEquals(0, second.exitCode(), second.toString());
    assertTrue(second.error().endsWith("Stopped\n"), second.toString());
    assertClean(second);
    assertClean(first);
    try (Stream<Path> files = Files.walk(CACHE)) {
      assertEquals(
          List.of(), files.filter(file -> file.toString().contains("unfinished-")).toList());
    }
  }

  private static HttpRequest longAnswer() {
    String address = second.awaitOutput(line -> line.startsWith("Listening on ")).substring(13);
    String body =
        """
        {"model": "demo", "prompt": "Once", "max_tokens": 1500, "ignore_eos": true, "stream": true}
        """;
    return HttpRequest.newBuilder(URI.create(address + "/v1/completions"))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  @Test
  void theCurlLineThatItPrintsWorks() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "curl is not installed");
    String line = first.awaitOutput(text -> text.startsWith("  curl "));
    Process curl = new ProcessBuilder("sh", "-c", line + " --silent --fail").start();
    String answer = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, curl.waitFor(), answer);
    assertTrue(answer.contains("\"role\":\"assistant\""), answer);
    assertTrue(answer.contains("7"), answer);
  }

  @Test
  void itIsHealthyAndSaysItsVersion() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (String path : List.of("/health", "/version", "/v1/models", "/openapi.json")) {
        HttpResponse<String> response =
            client.send(
                HttpRequest.newBuilder(URI.create(url + path)).build(), BodyHandlers.ofString());
        assertEquals(200, response.statusCode(), response.body());
      }
    }
  }

  @Test
  void aPromptIsAnsweredWithoutAServer() {
    try (JarProcess run = quern("run", "demo", "What is 3 plus 4?")) {
      assertEquals(0, run.exitCode(), run.toString());
      assertTrue(run.output().contains("7"), run.toString());
      assertClean(run);
    }
  }

  @Test
  void aChatReadsItsLinesFromAPipe() {
    try (JarProcess run = quern("run", "demo")) {
      run.type("What is 3 plus 4?\n/reset\nWhat is 2 plus 2?\n/exit\n");
      assertEquals(0, run.exitCode(), run.toString());
      assertEquals(2, run.output().lines().count(), run.toString());
      assertTrue(run.output().contains("7"), run.toString());
      assertTrue(run.output().contains("4"), run.toString());
      assertClean(run);
    }
  }

  @Test
  void versionListAndShowAnswer() {
    try (JarProcess version = quern("version");
        JarProcess list = quern("list");
        JarProcess show = quern("show", "demo")) {
      assertEquals(0, version.exitCode(), version.toString());
      assertTrue(version.output().startsWith("quern "), version.toString());
      assertEquals(0, list.exitCode(), list.toString());
      assertTrue(list.output().contains("demo"), list.toString());
      assertEquals(0, show.exitCode(), show.toString());
      assertTrue(show.output().contains("LlamaForCausalLM"), show.toString());
      for (JarProcess process : List.of(version, list, show)) {
        assertClean(process);
      }
    }
  }

  @Test
  void badSettingsEndWithTwoAndOneLine() {
    try (JarProcess flag = quern("serve", "--prot", "1");
        JarProcess variable = JarProcess.start(CACHE, Map.of("QUERN_PORT", "no"), "serve")) {
      assertRefused(2, "quern: --prot: no such flag here; did you mean --port?", flag);
      assertRefused(
          2,
          "quern: QUERN_PORT: 'no' is not accepted; give a whole number from 0 to 65535",
          variable);
    }
  }

  @Test
  void aModelThatIsNowhereEndsWithThree() {
    try (JarProcess show = quern("show", "nobody/nothing")) {
      assertEquals(3, show.exitCode(), show.toString());
      assertEquals(1, show.error().lines().count(), show.toString());
      assertTrue(show.error().startsWith("quern: there is no model 'nobody/nothing'"));
    }
  }

  @Test
  void aPortInUseIsOneLine() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress());
        JarProcess serve = quern("serve", "--port", String.valueOf(taken.getLocalPort()))) {
      assertRefused(
          6,
          "quern: cannot listen on 127.0.0.1 port "
              + taken.getLocalPort()
              + ": Address already in use; choose another --port (0 takes a free one) or --host",
          serve);
    }
  }

  @Test
  void aCacheThatCannotBeWrittenIsOneLine() {
    try (JarProcess run =
        JarProcess.start(CACHE, Map.of("QUERN_CACHE", "/proc/quern"), "run", "demo", "Hello")) {
      assertEquals(6, run.exitCode(), run.toString());
      assertEquals(1, run.error().lines().count(), run.toString());
      assertTrue(run.error().contains("QUERN_CACHE"), run.toString());
    }
  }

  @Test
  void aKillWhileUnpackingLeavesNothingBroken() throws Exception {
    Path cache = JAR.resolveSibling("jar-test-killed");
    delete(cache);
    Files.createDirectories(cache);
    try (JarProcess killed = JarProcess.start(cache, Map.of(), "run", "demo", "Hello")) {
      while (killed.isAlive() && !hasUnfinished(cache)) {
        Thread.sleep(1);
      }
      killed.kill();
      assertFalse(killed.error().contains("Unpacked"), killed.toString());
    }
    assertTrue(hasUnfinished(cache));
    try (JarProcess run = JarProcess.start(cache, Map.of(), "run", "demo", "What is 3 plus 4?")) {
      assertEquals(0, run.exitCode(), run.toString());
      assertTrue(run.output().contains("7"), run.toString());
      assertFalse(hasUnfinished(cache));
    } finally {
      delete(cache);
    }
  }

  @Test
  void theJarIsSmallEnough() throws IOException {
    assertTrue(Files.size(JAR) < MOST_BYTES, Files.size(JAR) + " bytes");
  }

  private static boolean hasUnfinished(Path cache) throws IOException {
    Path natives = cache.resolve("natives");
    if (!Files.isDirectory(natives)) {
      return false;
    }
    try (Stream<Path> files = Files.list(natives)) {
      return files.anyMatch(file -> file.toString().contains("unfinished-"));
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
