package dev.quern.engine.tensor.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.torch.AttentionPieces.Decoding;
import dev.quern.engine.tensor.torch.AttentionPieces.Piece;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is tested here is the cutting; that its results are right is the contract's to show. */
class AttentionPiecesTest {
  private static final int BLOCK_SIZE = 16;

  @Test
  void aPrefillIsCutAndEachPieceEndsWithItsOwnKeys() {
    AttentionPieces pieces =
        AttentionPieces.of(
            batch(new int[] {150}, new int[] {200}), 0, BLOCK_SIZE, Decoding.GROUPED);
    assertEquals(List.of(), pieces.together());
    assertEquals(List.of(0, 64, 128), pieces.single().stream().map(Piece::row).toList());
    assertEquals(List.of(64, 64, 22), pieces.single().stream().map(Piece::rows).toList());
    assertEquals(List.of(114, 178, 200), pieces.single().stream().map(Piece::keys).toList());
    assertFalse(pieces.single().getFirst().plainlyCausal());
    assertEquals(13, pieces.single().getLast().blocks().length);
  }

  @Test
  void aWindowDropsTheBlocksThatNoRowSees() {
    AttentionPieces pieces =
        AttentionPieces.of(
            batch(new int[] {64}, new int[] {200}), 20, BLOCK_SIZE, Decoding.GROUPED);
    Piece piece = pieces.single().getFirst();
    // The first row is token 136 and sees tokens from 117 on, the sixth of block 7.
    assertEquals(83, piece.keys());
    assertEquals(5, piece.start());
    assertArrayEquals(new int[] {7, 8, 9, 10, 11, 12}, piece.blocks());
    assertTrue(piece.windowed());
  }

  @Test
  void decodedTokensOfLikeLengthGoTogether() {
    int[] contexts = {100, 112, 40, 2000, 41, 97, 2001};
    ForwardBatch batch = batch(new int[] {1, 1, 1, 1, 1, 1, 1}, contexts);
    AttentionPieces pieces = AttentionPieces.of(batch, 0, BLOCK_SIZE, Decoding.GROUPED);
    assertEquals(
        List.of(List.of(2, 4), List.of(0, 1, 5)),
        pieces.together().stream().map(g -> g.stream().map(Piece::row).toList()).toList());
    assertEquals(List.of(3, 6), pieces.single().stream().map(Piece::row).toList());

    AttentionPieces alone = AttentionPieces.of(batch, 0, BLOCK_SIZE, Decoding.ALONE);
    assertEquals(7, alone.single().size());
    assertEquals(List.of(), alone.together());
    AttentionPieces own = AttentionPieces.of(batch, 0, BLOCK_SIZE, Decoding.OWN_KERNEL);
    assertEquals(7, own.single().size() + own.decoded().size());
    own.decoded().forEach(piece -> assertEquals(1, piece.rows()));
  }

  @Test
  void groupsAreBoundedInKeys() {
    int[] ones = IntStream.generate(() -> 1).limit(21).toArray();
    int[] contexts = IntStream.generate(() -> 1000).limit(21).toArray();
    AttentionPieces pieces =
        AttentionPieces.of(batch(ones, contexts), 0, BLOCK_SIZE, Decoding.GROUPED);
    assertEquals(List.of(8, 8, 5), pieces.together().stream().map(List::size).toList());
    pieces.together().forEach(group -> assertEquals(63, AttentionPieces.paddedBlocks(group)));
  }

  /** Sequences whose last {@code rows} tokens are computed, in neighbouring blocks. */
  private static ForwardBatch batch(int[] rows, int[] contexts) {
    int tokens = IntStream.of(rows).sum();
    int[] starts = new int[rows.length + 1];
    int[][] tables = new int[rows.length][];
    int nextBlock = 0;
    for (int s = 0; s < rows.length; s++) {
      starts[s + 1] = starts[s] + rows[s];
      int blocks = (contexts[s] + BLOCK_SIZE - 1) / BLOCK_SIZE;
      tables[s] = IntStream.range(nextBlock, nextBlock + blocks).toArray();
      nextBlock += blocks;
    }
    return new ForwardBatch(
        new int[tokens], new int[tokens], new int[tokens], starts, contexts, tables, new int[0]);
  }
}
