package dev.quern.bench;

import dev.quern.engine.model.CausalModel;
import dev.quern.engine.model.LoadOptions;
import dev.quern.engine.model.Models;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Times one step of a model and the operations in it, without scheduler and HTTP: decode of 1 and
 * 16 sequences and a prefill. Figures are of the best step, since a shared machine only ever adds.
 *
 * <p>{@code StepBench FOLDER [context=200] [rounds=30] [dtype]}
 */
public final class StepBench {
  private static final int BLOCK_SIZE = 16;

  private final TimedBackend timed;
  private final CausalModel model;
  private final int rounds;

  private StepBench(TimedBackend timed, CausalModel model, int rounds) {
    this.timed = timed;
    this.model = model;
    this.rounds = rounds;
  }

  public static void main(String[] args) {
    int context = args.length > 1 ? Integer.parseInt(args[1]) : 200;
    int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 30;
    Optional<DType> dtype =
        args.length > 3 ? Optional.of(DType.valueOf(args[3])) : Optional.empty();
    try (TorchBackend backend = TorchBackend.open(Integer.getInteger("threads", 0))) {
      TimedBackend timed = new TimedBackend(backend);
      LoadOptions options = new LoadOptions(dtype, OptionalInt.of(1024), bytes -> {});
      long start = System.nanoTime();
      try (CausalModel model =
          Models.load(Checkpoint.open(Path.of(args[0])), timed.backend(), options)) {
        System.out.printf(
            "loaded in %.0f ms, %s%n", (System.nanoTime() - start) / 1e6, model.memoryUse());
        StepBench bench = new StepBench(timed, model, rounds);
        bench.run("decode 1", batch(1, 1, context, 1));
        bench.run("decode 8", batch(8, 1, context, 1));
        bench.run("decode 16", batch(16, 1, context, 1));
        bench.run("decode 16, scattered blocks", batch(16, 1, context, 7));
        bench.run("prefill 512", batch(1, 512, 512, 1));
        bench.run("chunk of 256 after 256", batch(1, 256, 512, 1));
      }
    }
  }

  /**
   * Sequences of equal length whose last {@code rows} tokens are computed.
   *
   * @param stride distance between the blocks of a sequence; 1: neighbours
   */
  private static ForwardBatch batch(int sequences, int rows, int context, int stride) {
    int tokens = sequences * rows;
    int blocks = (context + BLOCK_SIZE - 1) / BLOCK_SIZE;
    int[] ids = new int[tokens];
    int[] positions = new int[tokens];
    int[] slots = new int[tokens];
    int[] starts = new int[sequences + 1];
    int[] lengths = new int[sequences];
    int[][] tables = new int[sequences][blocks];
    int[] logitRows = new int[sequences];
    int total = sequences * blocks;
    for (int s = 0; s < sequences; s++) {
      for (int b = 0; b < blocks; b++) {
        tables[s][b] = (s * blocks + b) * stride % (total + 1);
      }
      for (int i = 0; i < rows; i++) {
        int position = context - rows + i;
        ids[s * rows + i] = (s * 31 + position * 7) % 1000;
        positions[s * rows + i] = position;
        slots[s * rows + i] = tables[s][position / BLOCK_SIZE] * BLOCK_SIZE + position % BLOCK_SIZE;
      }
      starts[s + 1] = (s + 1) * rows;
      lengths[s] = context;
      logitRows[s] = (s + 1) * rows - 1;
    }
    return new ForwardBatch(ids, positions, slots, starts, lengths, tables, logitRows);
  }

  private void run(String what, ForwardBatch batch) {
    int blocks = Arrays.stream(batch.blockTables()).mapToInt(table -> table.length).sum() + 1;
    long best = Long.MAX_VALUE;
    Map<String, TimedBackend.Cost> parts = Map.of();
    try (KvCache cache = timed.backend().kvCache(model.kvCacheShape(BLOCK_SIZE), blocks)) {
      for (int round = 0; round < rounds; round++) {
        timed.take();
        long start = System.nanoTime();
        try (Workspace _ = timed.backend().openWorkspace()) {
          Tensor logits = model.forward(batch, cache);
          timed.backend().argmax(logits);
        }
        long nanos = System.nanoTime() - start;
        if (nanos < best) {
          best = nanos;
          parts = timed.take();
        }
      }
    }
    System.out.printf("%s: %.2f ms%n", what, best / 1e6);
    parts.forEach(
        (name, cost) ->
            System.out.printf(
                "  %-16s %4d calls %8.3f ms%n", name, cost.calls(), cost.nanos() / 1e6));
  }
}
