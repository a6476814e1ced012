package dev.quern.supplier.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The single jar as a process of its own, with nothing of this process's environment. */
final class JarProcess implements AutoCloseable {
  /** Far more than anything takes: it only keeps a broken build from hanging. */
  private static final long PATIENCE_SECONDS = 180;

  private final Process process;
  private final Lines out;
  private final Lines err;

  private JarProcess(Process process) {
    this.process = process;
    this.out = new Lines(process.inputReader(StandardCharsets.UTF_8));
    this.err = new Lines(process.errorReader(StandardCharsets.UTF_8));
  }

  static JarProcess start(Path cache, Map<String, String> environment, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-jar");
    command.add(System.getProperty("quern.jar"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> own = builder.environment();
    own.clear();
    own.put("PATH", "/usr/local/bin:/usr/bin:/bin");
    own.put("HOME", cache.toString());
    own.put("QUERN_CACHE", cache.toString());
    own.put("OMP_NUM_THREADS", "2");
    own.putAll(environment);
    try {
      return new JarProcess(builder.start());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Types something and ends the input. */
  JarProcess type(String text) {
    try (var in = process.outputWriter(StandardCharsets.UTF_8)) {
      in.write(text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return this;
  }

  /** The first line of standard output that is as asked, when it comes. */
  String awaitOutput(Predicate<String> wanted) {
    return out.await(wanted, this);
  }

  /** Asks to stop, by SIGTERM. */
  JarProcess terminate() {
    // The handle's: Process.destroy would close the streams before the last lines are read.
    process.toHandle().destroy();
    return this;
  }

  /** Ends it at once, by SIGKILL. */
  void kill() {
    process.destroyForcibly();
    exitCode();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  int exitCode() {
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("still running; " + this);
      }
      out.end.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      err.end.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(toString(), e);
    }
    return process.exitValue();
  }

  String output() {
    return out.text();
  }

  String error() {
    return err.text();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  @Override
  public String toString() {
    return "standard output:\n" + output() + "\nstandard error:\n" + error();
  }

  /** Lines of a stream as they come. */
  private static final class Lines {
    private final StringBuilder text = new StringBuilder();
    private final CompletableFuture<Boolean> end = new CompletableFuture<>();

    Lines(BufferedReader reader) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (reader) {
                  for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    add(line);
                  }
                } catch (IOException e) {
                  add(e.toString());
                } finally {
                  finish();
                }
              });
    }

    private synchronized void add(String line) {
      text.append(line).append('\n');
      notifyAll();
    }

    private synchronized void finish() {
      end.complete(true);
      notifyAll();
    }

    synchronized String text() {
      return text.toString();
    }

    synchronized String await(Predicate<String> wanted, JarProcess process) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      try {
        while (true) {
          var line = text.toString().lines().filter(wanted).findFirst();
          if (line.isPresent()) {
            return line.get();
          }
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (end.isDone() || left <= 0) {
            throw new AssertionError("the line did not come; " + process);
          }
          wait(left);
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
