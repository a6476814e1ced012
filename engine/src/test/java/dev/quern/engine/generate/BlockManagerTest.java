package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BlockManagerTest {
  private long arrivals;

  @Test
  void aSharedPrefixIsHeldTwiceAndComputedOnce() {
    BlockManager blocks = new BlockManager(20, 4);
    Sequence first = computed(blocks, sequence(prompt(40, 0), 8, ""));
    Sequence second = sequence(prompt(40, 0), 8, "");
    assertTrue(blocks.admit(second, 0));
    assertEquals(32, second.computed());
    assertEquals(2, blocks.references(first.blockTable().block(0)));
    assertEquals(4, blocks.usedBlocks());
    blocks.free(first);
    assertEquals(3, blocks.usedBlocks());
    blocks.free(second);
    assertEquals(0, blocks.usedBlocks());
    Sequence third = sequence(prompt(40, 0), 8, "");
    assertTrue(blocks.admit(third, 0));
    assertEquals(32, third.computed(), "freed blocks keep their content");
  }

  @Test
  void theLastTokenIsAlwaysComputed() {
    BlockManager blocks = new BlockManager(20, 4);
    blocks.free(computed(blocks, sequence(prompt(32, 0), 8, "")));
    Sequence again = sequence(prompt(32, 0), 8, "");
    assertTrue(blocks.admit(again, 0));
    assertEquals(16, again.computed());
  }

  @Test
  void anotherSaltOrAnotherBeginningIsNoHit() {
    BlockManager blocks = new BlockManager(20, 4);
    blocks.free(computed(blocks, sequence(prompt(40, 0), 8, "a")));
    Sequence salted = sequence(prompt(40, 0), 8, "b");
    assertTrue(blocks.admit(salted, 0));
    assertEquals(0, salted.computed());
    int[] changed = prompt(40, 0);
    changed[0]++;
    Sequence other = sequence(changed, 8, "a");
    assertTrue(blocks.admit(other, 0));
    assertEquals(0, other.computed(), "the second block's hash holds the first one's content");
  }

  @Test
  void sequencesThatGrowSideBySideStayContiguous() {
    BlockManager blocks = new BlockManager(16 * 16, 16);
    // Twice over: the second round lives in the blocks that the first one left behind.
    for (int round = 0; round < 2; round++) {
      List<Sequence> all = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        Sequence sequence = sequence(prompt(20, 1000 * (round * 16 + i)), 200, "");
        assertTrue(blocks.admit(sequence, 0));
        all.add(sequence);
      }
      for (int token = 20; token < 220; token++) {
        for (Sequence sequence : all) {
          sequence.computed(token);
          blocks.commit(sequence, sequence.computed());
          sequence.append(token);
          assertTrue(blocks.grow(sequence, token + 1));
        }
      }
      for (Sequence sequence : all) {
        BlockTable table = sequence.blockTable();
        assertEquals(14, table.size());
        for (int i = 1; i < table.size(); i++) {
          assertEquals(table.block(i - 1) + 1, table.block(i), "round " + round);
        }
        blocks.free(sequence);
      }
    }
  }

  @Test
  void theLeastRecentlyUsedContentGoesFirst() {
    BlockManager blocks = new BlockManager(9, 1);
    for (int i = 0; i < 3; i++) {
      blocks.free(computed(blocks, sequence(prompt(48, 1000 * i), 0, "")));
    }
    // A use makes the first one recent again.
    Sequence first = sequence(prompt(48, 0), 0, "");
    assertTrue(blocks.admit(first, 0));
    assertEquals(32, first.computed());
    blocks.free(computed(blocks, first));
    Sequence stranger = sequence(prompt(48, 9000), 0, "");
    assertTrue(blocks.admit(stranger, 0));
    Sequence again = sequence(prompt(48, 0), 0, "");
    assertTrue(blocks.admit(again, 0));
    assertEquals(32, again.computed());
    blocks.free(again);
    Sequence second = sequence(prompt(48, 1000), 0, "");
    assertTrue(blocks.admit(second, 0));
    assertEquals(0, second.computed(), "the oldest content made room");
  }

  @Test
  void relaysReuseTheirOwnBlocksBeforeThoseOfTheOperator() {
    BlockManager blocks = new BlockManager(12, 4);
    blocks.free(computed(blocks, sequence(prompt(48, 0), 0, "")));
    // Far more content than there are blocks: all of it goes through the nine that are left.
    for (int i = 1; i <= 20; i++) {
      blocks.free(computed(blocks, relay(prompt(48, 1000 * i), 0)));
    }
    Sequence again = sequence(prompt(48, 0), 0, "");
    assertTrue(blocks.admit(again, 0));
    assertEquals(32, again.computed(), "the operator's prefix is still there");
    blocks.free(again);
    Sequence relayed = relay(prompt(48, 20_000), 0);
    assertTrue(blocks.admit(relayed, 0));
    assertEquals(32, relayed.computed(), "relays share prefixes, too");
  }

  @Test
  void aPrefixThatTheOperatorUsesAgainIsKept() {
    BlockManager blocks = new BlockManager(6, 2);
    blocks.free(computed(blocks, relay(prompt(32, 0), 0)));
    blocks.free(computed(blocks, sequence(prompt(32, 0), 0, "")));
    for (int i = 1; i <= 5; i++) {
      blocks.free(computed(blocks, relay(prompt(32, 1000 * i), 0)));
    }
    Sequence again = sequence(prompt(32, 0), 0, "");
    assertTrue(blocks.admit(again, 0));
    assertEquals(16, again.computed());
  }

  @Test
  void whatTheOperatorLeftMakesRoomWhenNothingElseDoes() {
    BlockManager blocks = new BlockManager(4, 4);
    blocks.free(computed(blocks, sequence(prompt(64, 0), 0, "")));
    Sequence relay = relay(prompt(64, 1000), 0);
    assertTrue(blocks.admit(relay, 0), "kept content is no used memory");
    assertEquals(4, blocks.usedBlocks());
    blocks.free(relay);
  }

  @Test
  void allOrNothing() {
    BlockManager blocks = new BlockManager(4, 4);
    Sequence tooLong = sequence(prompt(65, 0), 0, "");
    assertFalse(blocks.admit(tooLong, 0));
    assertEquals(0, blocks.usedBlocks());
    Sequence fits = sequence(prompt(64, 0), 0, "");
    assertFalse(blocks.admit(fits, 1));
    assertTrue(blocks.admit(fits, 0));
    assertFalse(blocks.grow(fits, 65));
    assertThrows(IllegalStateException.class, blocks::reset);
    blocks.free(fits);
    blocks.reset();
  }

  @Test
  void hashesChainAndAreSalted() {
    BlockHasher hasher = new BlockHasher();
    int[] tokens = prompt(32, 0);
    BlockHash one = hasher.next(hasher.root(""), tokens, 0);
    assertEquals(one, new BlockHasher().next(new BlockHasher().root(""), prompt(16, 0), 0));
    assertNotEquals(one, hasher.next(hasher.root("x"), tokens, 0));
    assertNotEquals(hasher.next(one, tokens, 16), hasher.next(hasher.root(""), tokens, 16));
  }

  private static int[] prompt(int length, int start) {
    return IntStream.range(start, start + length).toArray();
  }

  private Sequence sequence(int[] prompt, int maxTokens, String salt) {
    return sequence(prompt, maxTokens, 0, salt);
  }

  private Sequence relay(int[] prompt, int maxTokens) {
    return sequence(prompt, maxTokens, GenerationRequest.RELAY_PRIORITY, "");
  }

  private Sequence sequence(int[] prompt, int maxTokens, int priority, String salt) {
    return new Sequence(
        new GenerationRequest(
            "test", prompt, Requests.greedy(maxTokens), priority, OptionalLong.empty(), salt),
        new Recorder(),
        arrivals++,
        0,
        0);
  }

  /** Admits a sequence and counts its prompt as computed. */
  private static Sequence computed(BlockManager blocks, Sequence sequence) {
    assertTrue(blocks.admit(sequence, 0));
    sequence.computed(sequence.tokenCount());
    blocks.commit(sequence, sequence.computed());
    return sequence;
  }
}
