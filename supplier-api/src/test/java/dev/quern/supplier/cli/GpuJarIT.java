package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.supplier.http.TinyCheckpoint;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The single jar on a GPU, which is the driver's look-alike. */
final class GpuJarIT {
  private static JarProcess quern(Path cache, String... arguments) {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    Path driver = EmulatorBuild.ofNeighbour().library(false);
    return JarProcess.start(
        cache, Map.of("JAVA_TOOL_OPTIONS", "-Dquern.cuda.driver=" + driver), arguments);
  }

  @Test
  void anAnswerUnderWayArrivesWholeBeforeItStopsOnSigterm(@TempDir Path folder) throws Exception {
    TinyCheckpoint llama = TinyCheckpoint.copy("llama", folder);
    try (JarProcess server =
            quern(
                folder,
                "serve",
                "--port",
                "0",
                "--device",
                "cuda:0",
                "--max-num-seqs",
                "4",
                "--max-num-batched-tokens",
                "64",
                "--model",
                llama.folder().toString());
        HttpClient client = HttpClient.newHttpClient()) {
      String url =
          server.awaitOutput(line -> line.startsWith("Listening on ")).substring(13).strip();
      HttpResponse<Stream<String>> running =
          client.send(completion(url, llama), BodyHandlers.ofLines());
      assertEquals(200, running.statusCode());
      server.terminate();
      List<String> events = running.body().filter(line -> !line.isEmpty()).toList();
      assertEquals("data: [DONE]", events.getLast());
      assertTrue(events.get(events.size() - 2).contains("\"finish_reason\":\"length\""));
      assertEquals(0, server.exitCode(), server.toString());
      assertTrue(server.error().endsWith("Stopped\n"), server.toString());
    }
  }

  private static HttpRequest completion(String url, TinyCheckpoint model) {
    String body =
        """
        {"model": "llama", "prompt": %s, "max_tokens": 60, "ignore_eos": true, "stream": true}
        """
            .formatted(model.prompt());
    return HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  @Test
  void doctorTellsOfTheDevice(@TempDir Path folder) {
    try (JarProcess doctor = quern(folder, "doctor")) {
      assertEquals(0, doctor.exitCode(), doctor.toString());
      assertTrue(doctor.output().contains("device   cuda:0 (Emulated device"), doctor.toString());
    }
  }
}
