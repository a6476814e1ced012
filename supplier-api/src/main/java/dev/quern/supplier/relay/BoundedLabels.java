package dev.quern.supplier.relay;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Names from headers as labels of metrics: the first so many get their own, all later ones share
 * {@code other}, so that nobody can fill the memory of who keeps the metrics. Safe for threads.
 */
public final class BoundedLabels {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

  private final int most;
  private final Set<String> known = new HashSet<>();

  public BoundedLabels(int most) {
    this.most = most;
  }

  /** The label of a name; {@code none} without one. */
  public String of(Optional<String> name) {
    if (name.isEmpty()) {
      return "none";
    }
    if (!NAME.matcher(name.get()).matches()) {
      return "other";
    }
    synchronized (known) {
      return known.contains(name.get()) || (known.size() < most && known.add(name.get()))
          ? name.get()
          : "other";
    }
  }
}
