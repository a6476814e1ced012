package dev.quern.store.hub;

import dev.quern.store.QuernException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on a hub at a revision.
 *
 * @param id {@code ORG/NAME}, or {@code NAME} alone for the hub's oldest models
 * @param revision a branch, tag or commit
 */
public record ModelReference(String id, String revision) {
  private static final String DEFAULT_REVISION = "main";
  // A segment never starts with a dot, so that none is ".."; "--" would be a folder's separator.
  private static final Pattern ID = Pattern.compile("(?:[\\w-][\\w.-]*/)?[\\w-][\\w.-]*");
  private static final Pattern REVISION = Pattern.compile("[\\w][\\w.-]*(?:/[\\w][\\w.-]*)*");
  private static final int MAX_LENGTH = 200;

  public ModelReference {
    if (!ID.matcher(id).matches() || id.length() > MAX_LENGTH || id.contains("--")) {
      throw QuernException.badRequest(
          "model", "'" + printable(id) + "' names no model on a hub: write ORG/NAME[@REVISION]");
    }
    if (!REVISION.matcher(revision).matches() || revision.length() > MAX_LENGTH) {
      throw QuernException.badRequest(
          "revision",
          "'" + printable(revision) + "' is no revision: write a branch, a tag or a commit");
    }
  }

  /**
   * Reads {@code ORG/NAME[@REVISION]}; the revision is {@code main} when absent.
   *
   * @throws QuernException BAD_REQUEST if {@code text} is not of that form
   */
  public static ModelReference parse(String text) {
    int at = text.indexOf('@');
    return at < 0
        ? new ModelReference(text, DEFAULT_REVISION)
        : new ModelReference(text.substring(0, at), text.substring(at + 1));
  }

  /** Like {@link #parse}, but empty where {@code text} cannot be the name of a model on a hub. */
  public static Optional<ModelReference> tryParse(String text) {
    try {
      return Optional.of(parse(text));
    } catch (QuernException e) {
      return Optional.empty();
    }
  }

  private static String printable(String text) {
    String cut = text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + "...";
    Matcher control = Pattern.compile("\\p{Cntrl}").matcher(cut);
    return control.replaceAll("?");
  }

  /** {@code ORG/NAME@REVISION}. */
  @Override
  public String toString() {
    return id + "@" + revision;
  }
}
