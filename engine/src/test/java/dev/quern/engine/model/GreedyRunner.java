package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Runs sequences through a model step by step with block tables of its own. Blocks are given out in
 * a shuffled order, so that a sequence's blocks neither follow each other nor stay apart from
 * another's.
 */
final class GreedyRunner implements AutoCloseable {
  private static final int BLOCK_SIZE = 16;
  private static final int BLOCKS = 24;

  /** One sequence: its tokens, how many are in the cache, and where. */
  static final class Sequence {
    private final List<Integer> tokens = new ArrayList<>();
    private final List<Integer> blocks = new ArrayList<>();
    private final List<float[]> logits = new ArrayList<>();
    private final int promptLength;
    private int cached;

    private Sequence(int[] prompt) {
      Arrays.stream(prompt).forEach(tokens::add);
      promptLength = prompt.length;
    }

    /** Logits of every position that has been computed with {@code allLogits}, else the last. */
    List<float[]> logits() {
      return logits;
    }

    /** The tokens generated so far. */
    int[] generated() {
      return tokens.stream().skip(promptLength).mapToInt(Integer::intValue).toArray();
    }

    void append(int token) {
      tokens.add(token);
    }

    int pending() {
      return tokens.size() - cached;
    }
  }

  /** The next {@code tokens} tokens of a sequence, in one step. */
  record Turn(Sequence sequence, int tokens) {}

  private final Backend backend;
  private final CausalModel model;
  private final KvCache cache;
  private final Deque<Integer> freeBlocks;

  GreedyRunner(Backend backend, CausalModel model) {
    this(backend, model, BLOCKS);
  }

  GreedyRunner(Backend backend, CausalModel model, int blockCount) {
    this.backend = backend;
    this.model = model;
    cache = backend.kvCache(model.kvCacheShape(BLOCK_SIZE), blockCount);
    List<Integer> blocks = new ArrayList<>(IntStream.range(0, blockCount).boxed().toList());
    Collections.shuffle(blocks, new Random(7));
    freeBlocks = new ArrayDeque<>(blocks);
  }

  Sequence start(int[] prompt) {
    return new Sequence(prompt);
  }

  /** A sequence of {@code prompt} that shares the first {@code blocks} with another, full there. */
  Sequence startBehind(Sequence other, int blocks, int[] prompt) {
    Sequence sequence = new Sequence(prompt);
    sequence.blocks.addAll(other.blocks.subList(0, blocks));
    sequence.cached = blocks * BLOCK_SIZE;
    return sequence;
  }

  /** Prefills what is pending, in one step, and generates until there are {@code count} tokens. */
  void generate(Sequence sequence, int count) {
    while (sequence.generated().length < count) {
      step(List.of(new Turn(sequence, sequence.pending())), /* allLogits= */ false);
    }
  }

  /**
   * Runs one step. A sequence whose last token is in the batch gets its likeliest successor
   * appended.
   *
   * @param allLogits whether logits of all rows are wanted, and not just of the last tokens
   */
  void step(List<Turn> turns, boolean allLogits) {
    step(turns, allLogits, PassGuard.ALWAYS);
  }

  /** Likewise; a step that {@code guard} has given up can be run again. */
  void step(List<Turn> turns, boolean allLogits, PassGuard guard) {
    ForwardBatch batch = batch(turns, allLogits);
    float[] logits;
    try (Workspace _ = backend.openWorkspace()) {
      Tensor result = model.forward(batch, cache, guard);
      long rows = batch.logitRows().length;
      if (result.size(0) != rows || result.size(1) != model.vocabularySize()) {
        throw new AssertionError("logits " + Arrays.toString(result.shape()) + " for " + rows);
      }
      logits = rows == 0 ? new float[0] : backend.toHost(result);
    }
    int row = 0;
    for (Turn turn : turns) {
      Sequence sequence = turn.sequence();
      sequence.cached += turn.tokens();
      boolean last = sequence.pending() == 0;
      int rows = allLogits ? turn.tokens() : last ? 1 : 0;
      for (int i = 0; i < rows; i++, row++) {
        int width = model.vocabularySize();
        sequence.logits.add(Arrays.copyOfRange(logits, row * width, (row + 1) * width));
      }
      if (last) {
        sequence.append(argmax(sequence.logits.getLast()));
      }
    }
  }

  private ForwardBatch batch(List<Turn> turns, boolean allLogits) {
    List<Integer> tokens = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    List<Integer> slots = new ArrayList<>();
    List<Integer> logitRows = new ArrayList<>();
    int[] queryStarts = new int[turns.size() + 1];
    int[] contextLengths = new int[turns.size()];
    int[][] blockTables = new int[turns.size()][];
    for (int i = 0; i < turns.size(); i++) {
      Sequence sequence = turns.get(i).sequence();
      int end = sequence.cached + turns.get(i).tokens();
      takeBlocks(sequence, end);
      for (int position = sequence.cached; position < end; position++) {
        boolean last = position == sequence.tokens.size() - 1;
        if (allLogits || last) {
          logitRows.add(tokens.size());
        }
        tokens.add(sequence.tokens.get(position));
        positions.add(position);
        int block = sequence.blocks.get(position / BLOCK_SIZE);
        slots.add(block * BLOCK_SIZE + position % BLOCK_SIZE);
      }
      queryStarts[i + 1] = tokens.size();
      contextLengths[i] = end;
      blockTables[i] = ints(sequence.blocks);
    }
    return new ForwardBatch(
        ints(tokens),
        ints(positions),
        ints(slots),
        queryStarts,
        contextLengths,
        blockTables,
        ints(logitRows));
  }

  private void takeBlocks(Sequence sequence, int tokens) {
    while (sequence.blocks.size() * BLOCK_SIZE < tokens) {
      sequence.blocks.add(freeBlocks.remove());
    }
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int argmax(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      if (row[i] > row[best]) {
        best = i;
      }
    }
    return best;
  }

  @Override
  public void close() {
    cache.close();
  }
}
