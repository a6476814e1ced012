package dev.quern.store.hub;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The hub of {@link HubFixture} as a process, for programs in other languages: prints its address,
 * and for every line that it reads the number of bytes of file contents it has sent.
 */
final class FixtureServer {
  private FixtureServer() {}

  public static void main(String[] arguments) throws IOException {
    try (HubFixture fixture = new HubFixture(Path.of("unused"))) {
      System.out.println(fixture.server.uri());
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      while (in.readLine() != null) {
        System.out.println(fixture.server.contentBytes());
      }
    }
  }
}
