package dev.quern.engine.text;

import dev.quern.store.QuernException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The strings that end a sequence, searched for in text as it comes.
 *
 * <p>The match that ends first wins, and of several that end together the longest, so the result
 * does not depend on how the text was cut into pieces. Searching takes one step a char however many
 * strings there are (Aho and Corasick, "Efficient string matching", CACM 1975). Immutable; each
 * sequence has its own {@link Matcher}.
 */
public final class StopStrings {
  private final boolean include;
  private final Node root;

  private StopStrings(Node root, boolean include) {
    this.root = root;
    this.include = include;
  }

  /**
   * The automaton for {@code strings}.
   *
   * @param strings none of them empty; an empty list never stops anything
   * @param include whether the string that was found is part of the output
   * @throws QuernException BAD_REQUEST, field {@code stop}, for a string that can never match
   */
  public static StopStrings of(List<String> strings, boolean include) {
    Node root = new Node(0);
    for (String string : strings) {
      if (string.isEmpty()) {
        throw QuernException.badRequest("stop", "a stop string must not be empty");
      }
      if (hasLoneSurrogate(string)) {
        throw QuernException.badRequest("stop", "a stop string holds half of a surrogate pair");
      }
      Node node = root;
      for (int i = 0; i < string.length(); i++) {
        int depth = i + 1;
        node = node.next.computeIfAbsent(string.charAt(i), c -> new Node(depth));
      }
      node.match = string;
    }
    link(root);
    return new StopStrings(root, include);
  }

  public Matcher matcher() {
    return new Matcher();
  }

  private static boolean hasLoneSurrogate(String string) {
    return string
        .codePoints()
        .anyMatch(c -> c <= Character.MAX_VALUE && Character.isSurrogate((char) c));
  }

  /** Breadth first: each node's fallback is the longest proper suffix that is in the tree. */
  private static void link(Node root) {
    ArrayDeque<Node> queue = new ArrayDeque<>();
    for (Node child : root.next.values()) {
      child.fallback = root;
      queue.add(child);
    }
    while (!queue.isEmpty()) {
      Node node = queue.remove();
      node.next.forEach(
          (c, child) -> {
            child.fallback = root.step(node.fallback, c);
            if (child.match == null) {
              child.match = child.fallback == null ? null : child.fallback.match;
            }
            queue.add(child);
          });
    }
  }

  /** A prefix of one or more stop strings. */
  private static final class Node {
    /** Length of the prefix. */
    final int depth;

    final Map<Character, Node> next = new HashMap<>();

    /** Null only at the root. */
    @Nullable Node fallback;

    /** The longest stop string that the prefix ends with. */
    @Nullable String match;

    Node(int depth) {
      this.depth = depth;
    }

    /** The node after reading {@code c} at {@code from}; called on the root. */
    Node step(@Nullable Node from, char c) {
      for (Node node = from; node != null; node = node.fallback) {
        Node child = node.next.get(c);
        if (child != null) {
          return child;
        }
      }
      return this;
    }
  }

  /** The search in one sequence's text. One thread at a time. */
  public final class Matcher {
    private Node state = root;

    /** Text not given out: always the prefix that {@link #state} stands for. */
    private String held = "";

    private @Nullable String matched;

    private Matcher() {}

    /**
     * Adds text; returns what may be given out. Text that may turn out to begin a stop string is
     * held back. After a match everything is swallowed.
     */
    public String append(String text) {
      if (matched != null) {
        return "";
      }
      for (int i = 0; i < text.length(); i++) {
        state = root.step(state, text.charAt(i));
        if (state.match != null) {
          matched = state.match;
          String upToMatch = held + text.substring(0, i + 1);
          held = "";
          int end = upToMatch.length() - (include ? 0 : state.match.length());
          return upToMatch.substring(0, end);
        }
      }
      String all = held + text;
      int certain = all.length() - state.depth;
      held = all.substring(certain);
      return all.substring(0, certain);
    }

    public boolean stopped() {
      return matched != null;
    }

    /** The stop string that was found. */
    public Optional<String> matched() {
      return Optional.ofNullable(matched);
    }

    /** The sequence has ended; returns the text that was held back. */
    public String finish() {
      String rest = held;
      held = "";
      state = root;
      return rest;
    }
  }
}
