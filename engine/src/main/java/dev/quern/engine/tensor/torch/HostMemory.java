package dev.quern.engine.tensor.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel says about memory: the machine's, and this control group's limit. */
public final class HostMemory {
  private static final Path CGROUP = Path.of("/sys/fs/cgroup");

  private HostMemory() {}

  /**
   * Bytes that could still be taken: MemAvailable, or less where a control group's limit is less.
   */
  public static long availableBytes() {
    long machine = field(Path.of("/proc/meminfo"), "MemAvailable:\\s+(\\d+) kB", 1024).orElse(0);
    return Math.min(machine, Math.min(unifiedGroup(), legacyGroup()));
  }

  private static long unifiedGroup() {
    return headroom(
        CGROUP.resolve("memory.max"),
        CGROUP.resolve("memory.current"),
        CGROUP.resolve("memory.stat"));
  }

  private static long legacyGroup() {
    Path group = CGROUP.resolve("memory");
    return headroom(
        group.resolve("memory.limit_in_bytes"),
        group.resolve("memory.usage_in_bytes"),
        group.resolve("memory.stat"));
  }

  /** Limit less use, where dropped file pages ({@code inactive_file}) would come back. */
  private static long headroom(Path limit, Path use, Path statistics) {
    OptionalLong most = field(limit, "(\\d+)", 1);
    OptionalLong used = field(use, "(\\d+)", 1);
    if (most.isEmpty() || used.isEmpty()) {
      return Long.MAX_VALUE;
    }
    long droppable = field(statistics, "inactive_file (\\d+)", 1).orElse(0);
    return Math.max(0, most.getAsLong() - used.getAsLong() + droppable);
  }

  private static OptionalLong field(Path file, String pattern, long unit) {
    try {
      Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(file));
      return matcher.find()
          ? OptionalLong.of(Long.parseLong(matcher.group(1)) * unit)
          : OptionalLong.empty();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
