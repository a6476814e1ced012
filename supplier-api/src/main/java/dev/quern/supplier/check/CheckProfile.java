package dev.quern.supplier.check;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Who is played. */
public enum CheckProfile {
  /** The RelayMiner in poktroll's tree: 5 s for a head, ping by HEAD, whole bodies. */
  RELAYMINER,
  /** The high-availability miner: health probes, streams by content type. */
  HA,
  /** The gateway, which judges an answer by its first bytes. */
  PATH,
  /** The quality measurement: identity, configuration, tasks. */
  TESTBENCH;

  /** As the command line spells it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The profile of a label. */
  public static Optional<CheckProfile> of(String label) {
    return Arrays.stream(values()).filter(profile -> profile.label().equals(label)).findFirst();
  }
}
