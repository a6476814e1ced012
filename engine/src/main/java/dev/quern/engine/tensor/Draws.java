package dev.quern.engine.tensor;

import java.util.List;

/** What is wanted of each row of a step's logits, in the order of the rows; may be empty. */
public record Draws(List<Draw> rows) {
  public Draws {
    rows = List.copyOf(rows);
  }

  /** Whether {@link Backend#argmax} answers it all. */
  public boolean allLargest() {
    for (Draw row : rows) {
      if (!(row instanceof Draw.Choice choice && choice.isLargest())) {
        return false;
      }
    }
    return true;
  }
}
