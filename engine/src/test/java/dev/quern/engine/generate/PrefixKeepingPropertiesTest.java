package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Relays and own requests come and go over a small cache. What is found again of an own prompt is
 * measured from outside: by asking for it once more.
 */
class PrefixKeepingPropertiesTest {
  private static final int BLOCK = BlockManager.BLOCK_SIZE;

  /** While something else is free, relays take nothing that an own request has computed. */
  @Property(tries = 300)
  void relaysEvictNothingOwnThatTheyNeedNot(
      @ForAll long seed,
      @ForAll @IntRange(min = 12, max = 60) int blockCount,
      @ForAll @IntRange(min = 1, max = 20) int longestStretch) {
    Random random = new Random(seed);
    BlockManager blocks = new BlockManager(blockCount, longestStretch);
    Map<Integer, Integer> ownBlocks = new LinkedHashMap<>();
    int kept = 0;
    for (int i = 0; kept < blockCount / 3; i++) {
      int length = 1 + random.nextInt(3);
      Sequence own = computed(blocks, sequence(random, i, length * BLOCK + 1, 0));
      blocks.free(own);
      ownBlocks.put(i, length);
      kept += length + 1;
    }
    // Relays get the rest, less what a single one of them takes beyond its prompt.
    int room = blockCount - kept;
    List<Sequence> relays = new ArrayList<>();
    int held = 0;
    for (int step = 0; step < 200; step++) {
      int wanted = 1 + random.nextInt(Math.max(1, room / 2));
      while (held + wanted > room) {
        Sequence gone = relays.remove(random.nextInt(relays.size()));
        held -= gone.blockTable().size();
        blocks.free(gone);
      }
      Sequence relay =
          sequence(random, 1_000 + step, wanted * BLOCK, GenerationRequest.RELAY_PRIORITY);
      if (random.nextBoolean()) {
        relays.add(computed(blocks, relay));
      } else {
        relays.add(grown(blocks, relay));
      }
      held += wanted;
    }
    relays.forEach(blocks::free);
    ownBlocks.forEach(
        (id, length) -> {
          Sequence again = sequence(random, id, length * BLOCK + 1, 0);
          assertTrue(blocks.admit(again, 0));
          assertEquals(length * BLOCK, again.computed(), "own prompt " + id);
          blocks.free(again);
        });
    assertEquals(0, blocks.usedBlocks());
  }

  private static Sequence computed(BlockManager blocks, Sequence sequence) {
    assertTrue(blocks.admit(sequence, 0));
    sequence.computed(sequence.tokenCount());
    blocks.commit(sequence, sequence.computed());
    return sequence;
  }

  /** Begins with a token and grows to the same length as if it had been generated. */
  private static Sequence grown(BlockManager blocks, Sequence whole) {
    int tokens = whole.tokenCount();
    Sequence sequence =
        new Sequence(
            new GenerationRequest(
                "grown",
                new int[] {whole.tokens()[0]},
                Requests.greedy(tokens),
                GenerationRequest.RELAY_PRIORITY,
                OptionalLong.empty(),
                ""),
            new Recorder(),
            0,
            0,
            0);
    assertTrue(blocks.admit(sequence, 0));
    for (int i = 1; i < tokens; i++) {
      sequence.computed(i);
      blocks.commit(sequence, sequence.computed());
      sequence.append(whole.tokens()[i]);
      assertTrue(blocks.grow(sequence, i + 1));
    }
    return sequence;
  }

  /** A prompt of its own: its first token says whose. */
  private static Sequence sequence(Random random, int id, int length, int priority) {
    int[] prompt = new int[length];
    Random content = new Random(id);
    for (int i = 0; i < length; i++) {
      prompt[i] = content.nextInt(30_000);
    }
    return new Sequence(
        new GenerationRequest(
            "r" + id, prompt, Requests.greedy(0), priority, OptionalLong.empty(), ""),
        new Recorder(),
        random.nextInt(1_000_000),
        0,
        0);
  }
}
