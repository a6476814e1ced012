package dev.quern.supplier.check;

import java.util.Arrays;
import java.util.List;

/**
 * One thing that must hold.
 *
 * @param name short, with hyphens
 * @param purpose who depends on what, without a full stop
 */
record Check(String name, List<CheckProfile> profiles, String purpose, Probe probe) {
  /** Asks the server. */
  @FunctionalInterface
  interface Probe {
    /**
     * Asks.
     *
     * @return what was seen
     * @throws CheckFailure when it does not hold
     */
    String run(RelayClient client) throws CheckFailure;
  }

  static Check of(String name, String purpose, Probe probe, CheckProfile... profiles) {
    return new Check(name, Arrays.asList(profiles), purpose, probe);
  }
}
