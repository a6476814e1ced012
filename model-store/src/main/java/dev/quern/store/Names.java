package dev.quern.store;

/** Names from downloads, made fit for a message: of bounded length and without control letters. */
public final class Names {
  private static final int MAX_LENGTH = 120;

  private Names() {}

  public static String quoted(String name) {
    String cut = name.length() <= MAX_LENGTH ? name : name.substring(0, MAX_LENGTH) + "...";
    return cut.replaceAll("\\p{Cntrl}", "?");
  }

  /** For example {@code tensor 'model.norm.weight'}. */
  public static String tensor(String name) {
    return "tensor '" + quoted(name) + "'";
  }
}
