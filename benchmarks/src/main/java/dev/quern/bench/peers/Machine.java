package dev.quern.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What the machine's processors did, from {@code /proc}. */
final class Machine {
  /** Linux counts processor time in hundredths of a second for user programs. */
  private static final double TICKS_PER_SECOND = 100;

  private Machine() {}

  /** Cores' seconds that were used since boot, by anybody. */
  static double busySeconds() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
      // cpu user nice system idle iowait irq softirq steal ...
      String[] fields = lines.findFirst().orElseThrow().split(" +", -1);
      long busy = 0;
      for (int field : new int[] {1, 2, 3, 6, 7}) {
        busy += Long.parseLong(fields[field]);
      }
      return busy / TICKS_PER_SECOND;
    }
  }

  /** Waits until others leave the processors alone for two seconds, or {@code most} is over. */
  static void awaitQuiet(double cores, Duration most) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < most.toNanos()) {
      double before = busySeconds();
      Thread.sleep(2000);
      if ((busySeconds() - before) / 2 <= cores) {
        return;
      }
    }
  }

  /** Cores' seconds of a process's live threads, by the name the kernel has (15 characters). */
  static Map<String, Double> secondsByThreadName(long pid) throws IOException {
    Map<String, Double> seconds = new TreeMap<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path task : tasks.toList()) {
        try {
          String stat = Files.readString(task.resolve("stat"));
          String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
          String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
          double used =
              (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
          seconds.merge(name, used, Double::sum);
        } catch (IOException e) {
          // The thread has ended since the folder was listed.
        }
      }
    }
    return seconds;
  }
}
