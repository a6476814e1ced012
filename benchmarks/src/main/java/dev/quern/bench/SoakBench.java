package dev.quern.bench;

import dev.quern.engine.model.CausalModel;
import dev.quern.engine.model.LoadOptions;
import dev.quern.engine.model.Models;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Workspace;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Runs very many steps and prints what the process holds of memory, so that a leak of even a few
 * bytes a step shows: three sequences, two decoding together and one that is prefilled anew.
 *
 * <p>{@code SoakBench FOLDER [steps=100000]}
 */
public final class SoakBench {
  private static final int BLOCK_SIZE = 16;
  private static final int PREFILL = 24;
  private static final int REPORTS = 10;

  private SoakBench() {}

  public static void main(String[] args) throws IOException {
    int steps = args.length > 1 ? Integer.parseInt(args[1]) : 100_000;
    LoadOptions options = new LoadOptions(Optional.empty(), OptionalInt.of(256), bytes -> {});
    try (TorchBackend backend = TorchBackend.open(0);
        CausalModel model = Models.load(Checkpoint.open(Path.of(args[0])), backend, options);
        KvCache cache = backend.kvCache(model.kvCacheShape(BLOCK_SIZE), 3 * 16)) {
      for (int step = 0; step <= steps; step++) {
        try (Workspace _ = backend.openWorkspace()) {
          backend.toHost(model.forward(batch(step), cache));
        }
        if (step % Math.max(1, steps / REPORTS) == 0) {
          System.out.printf("%d steps: %d KiB resident%n", step, residentKib());
        }
      }
    }
  }

  /** Contexts go up and down, so that masks and gathers of all sizes are made. */
  private static ForwardBatch batch(int step) {
    int context = 32 + step % 200;
    int tokens = 2 + PREFILL;
    int[] ids = new int[tokens];
    int[] positions = new int[tokens];
    int[] slots = new int[tokens];
    int[][] tables = new int[3][16];
    for (int sequence = 0; sequence < 3; sequence++) {
      for (int block = 0; block < 16; block++) {
        tables[sequence][block] = (sequence * 16 + block) * 7 % 48;
      }
    }
    for (int token = 0; token < tokens; token++) {
      int sequence = Math.min(token, 2);
      positions[token] = token < 2 ? context - 1 : token - 2;
      ids[token] = (step + token) % 200;
      slots[token] =
          tables[sequence][positions[token] / BLOCK_SIZE] * BLOCK_SIZE
              + positions[token] % BLOCK_SIZE;
    }
    return new ForwardBatch(
        ids,
        positions,
        slots,
        new int[] {0, 1, 2, tokens},
        new int[] {context, context, PREFILL},
        tables,
        new int[] {0, 1, tokens - 1});
  }

  private static long residentKib() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("/proc/self/status has no VmRSS");
  }
}
