package dev.quern.supplier.check;

import java.util.List;

/**
 * What became of a check.
 *
 * @param detail what was seen, or why it failed
 */
public record Finding(
    String check,
    List<CheckProfile> profiles,
    String purpose,
    boolean passed,
    String detail,
    long millis) {
  public Finding {
    profiles = List.copyOf(profiles);
  }
}
