package dev.quern.supplier.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.store.DemoModel;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every check finds its fault, and Quern has none. */
@Timeout(300)
class SelfTestTest {
  /** Of an idle test machine nothing is measured: what waits for longer has failed. */
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private static final CheckTimes PATIENT = new CheckTimes(PATIENCE, PATIENCE, PATIENCE);

  private static List<Finding> run(URI uri, CheckTimes times) {
    return SelfTest.run(
        new CheckTarget(uri, FaultyServer.MODEL, Optional.empty(), false, times),
        EnumSet.allOf(CheckProfile.class),
        finding -> {});
  }

  private static List<String> failed(List<Finding> findings) {
    return findings.stream()
        .filter(finding -> !finding.passed())
        .map(finding -> finding.check() + ": " + finding.detail())
        .toList();
  }

  @Test
  void quernPasses(@TempDir Path cache) {
    try (ServedCheckpoint served = new ServedCheckpoint(DemoModel.extract(cache))) {
      assertEquals(List.of(), failed(run(served.uri(), PATIENT)));
    }
  }

  @Test
  void aGoodServerPasses() {
    try (FaultyServer server = new FaultyServer("none")) {
      assertEquals(List.of(), failed(run(server.uri(), PATIENT)));
    }
  }

  static Stream<String> checks() {
    return SelfTest.checks().stream().map(Check::name);
  }

  @ParameterizedTest
  @MethodSource("checks")
  void eachFaultIsFoundByItsCheckAlone(String check) {
    // The fault of the early head is that it never comes: the shorter the wait, the better.
    CheckTimes times =
        check.equals("early-head")
            ? new CheckTimes(PATIENCE, Duration.ofMillis(300), Duration.ofMillis(300))
            : PATIENT;
    try (FaultyServer server = new FaultyServer(check)) {
      List<Finding> findings =
          SelfTest.run(
              new CheckTarget(server.uri(), FaultyServer.MODEL, Optional.empty(), false, times),
              EnumSet.allOf(CheckProfile.class),
              finding -> {});
      Set<String> failing =
          findings.stream()
              .filter(finding -> !finding.passed())
              .map(Finding::check)
              .collect(java.util.stream.Collectors.toSet());
      // A server that never answers the long question fails both checks that ask it.
      Set<String> expected =
          check.equals("early-head") ? Set.of("early-head", "whole-answer") : Set.of(check);
      assertEquals(expected, failing, () -> String.valueOf(failed(findings)));
    }
  }

  @Test
  void aProfileRunsItsChecksAlone() {
    try (FaultyServer server = new FaultyServer("none")) {
      List<Finding> findings =
          SelfTest.run(
              new CheckTarget(server.uri(), FaultyServer.MODEL, Optional.empty(), true, PATIENT),
              EnumSet.of(CheckProfile.PATH),
              finding -> {});
      assertEquals(
          SelfTest.checks().stream()
              .filter(check -> check.profiles().contains(CheckProfile.PATH))
              .map(Check::name)
              .toList(),
          findings.stream().map(Finding::check).toList());
    }
  }
}
