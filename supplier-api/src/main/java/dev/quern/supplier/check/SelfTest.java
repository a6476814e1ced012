package dev.quern.supplier.check;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Runs checks one after the other, as a server under no other load should pass them. */
public final class SelfTest {
  private SelfTest() {}

  /**
   * Plays the profiles.
   *
   * @param listener gets each finding when it is known
   * @return all findings, in the order of the checks
   */
  public static List<Finding> run(
      CheckTarget target, Set<CheckProfile> profiles, Consumer<Finding> listener) {
    List<Finding> findings = new ArrayList<>();
    try (RelayClient client = new RelayClient(target)) {
      for (Check check : checks()) {
        if (check.profiles().stream().anyMatch(profiles::contains)) {
          Finding finding = run(check, client);
          findings.add(finding);
          listener.accept(finding);
        }
      }
    }
    return findings;
  }

  static List<Check> checks() {
    return Stream.of(
            RelayMinerChecks.all(), HaMinerChecks.all(), GatewayChecks.all(), TestBenchChecks.all())
        .flatMap(List::stream)
        .toList();
  }

  private static Finding run(Check check, RelayClient client) {
    long begin = System.nanoTime();
    boolean passed = true;
    String detail;
    try {
      detail = check.probe().run(client);
    } catch (CheckFailure e) {
      passed = false;
      detail = e.reason();
    }
    return new Finding(
        check.name(),
        check.profiles(),
        check.purpose(),
        passed,
        detail,
        Duration.ofNanos(System.nanoTime() - begin).toMillis());
  }
}
