package dev.quern.bench;

import dev.quern.engine.model.EncoderInput;
import dev.quern.engine.model.LoadOptions;
import dev.quern.engine.model.TextEncoder;
import dev.quern.engine.model.TextEncoders;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Times one pass of a text encoder and the operations in it, without tokenizer and HTTP. Figures
 * are of the best pass, since a shared machine only ever adds.
 *
 * <p>{@code EncoderBench FOLDER [rounds=20] [dtype] [passes]}, where passes are such as {@code
 * 1x16,32x100-256}: texts and their tokens. The dtype {@code auto} is the checkpoint's.
 */
public final class EncoderBench {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private static final String[] PASSES = {
    "1x16", "32x16", "256x16", "256x8-40", "1x256", "32x256", "32x100-256"
  };

  private final TimedBackend timed;
  private final TextEncoder encoder;
  private final int rounds;
  private final Random random = new Random(1);

  private EncoderBench(TimedBackend timed, TextEncoder encoder, int rounds) {
    this.timed = timed;
    this.encoder = encoder;
    this.rounds = rounds;
  }

  public static void main(String[] args) {
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 20;
    Optional<DType> dtype =
        args.length > 2 && !args[2].equals("auto")
            ? Optional.of(DType.valueOf(args[2]))
            : Optional.empty();
    try (TorchBackend backend = TorchBackend.open(Integer.getInteger("threads", 0))) {
      TimedBackend timed = new TimedBackend(backend);
      LoadOptions options = new LoadOptions(dtype, OptionalInt.empty(), bytes -> {});
      try (TextEncoder encoder =
          TextEncoders.load(Checkpoint.open(Path.of(args[0])), timed.backend(), options)) {
        EncoderBench bench = new EncoderBench(timed, encoder, rounds);
        for (String pass : args.length > 3 ? args[3].split(",", -1) : PASSES) {
          int[] numbers = Stream.of(pass.split("[x-]", -1)).mapToInt(Integer::parseInt).toArray();
          bench.run(numbers[0], numbers[1], numbers[numbers.length - 1]);
        }
      }
    }
  }

  /** Texts of {@code shortest} to {@code longest} tokens, other ones each round. */
  private void run(int texts, int shortest, int longest) {
    encoder.encode(inputs(texts, shortest, longest));
    long best = Long.MAX_VALUE;
    long leastProcessor = Long.MAX_VALUE;
    long total = 0;
    long fewestFaults = Long.MAX_VALUE;
    Map<String, TimedBackend.Cost> costs = Map.of();
    for (int round = 0; round < rounds; round++) {
      List<EncoderInput> inputs = inputs(texts, shortest, longest);
      timed.take();
      long faults = pageFaults();
      long processor = THREADS.getCurrentThreadCpuTime();
      long start = System.nanoTime();
      encoder.encode(inputs);
      long nanos = System.nanoTime() - start;
      leastProcessor = Math.min(leastProcessor, THREADS.getCurrentThreadCpuTime() - processor);
      fewestFaults = Math.min(fewestFaults, pageFaults() - faults);
      total += nanos;
      if (nanos < best) {
        best = nanos;
        costs = timed.take();
      }
    }
    System.out.printf(
        "%d texts of %d to %d tokens: best %.2f ms (%.0f texts/s), mean %.2f ms, this"
            + " thread's processor time %.2f ms, page faults %d%n",
        texts,
        shortest,
        longest,
        best / 1e6,
        texts * 1e9 / best,
        total / 1e6 / rounds,
        leastProcessor / 1e6,
        fewestFaults);
    costs.forEach(
        (operation, cost) ->
            System.out.printf(
                "    %-20s %4d calls %9.3f ms%n", operation, cost.calls(), cost.nanos() / 1e6));
  }

  /** Of this thread so far, those that needed no disk. */
  private static long pageFaults() {
    try {
      String stat = Files.readString(Path.of("/proc/thread-self/stat"));
      return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[7]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<EncoderInput> inputs(int texts, int shortest, int longest) {
    List<EncoderInput> inputs = new ArrayList<>(texts);
    for (int text = 0; text < texts; text++) {
      int[] ids = new int[random.nextInt(shortest, longest + 1)];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = random.nextInt(1000, 30_000);
      }
      inputs.add(EncoderInput.of(ids));
    }
    return inputs;
  }
}
