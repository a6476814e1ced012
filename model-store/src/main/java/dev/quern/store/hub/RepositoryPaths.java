package dev.quern.store.hub;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Names of files in a repository are a stranger's text; these checks make them safe to use. */
final class RepositoryPaths {
  private static final int MAX_LENGTH = 1024;
  private static final int MAX_SEGMENT_LENGTH = 255;

  private RepositoryPaths() {}

  /**
   * Refuses a path that could leave the folder it is resolved against, or that not every file
   * system can hold.
   *
   * @throws HubException UNSAFE_PATH
   */
  static void check(String path) {
    if (path.isEmpty() || path.length() > MAX_LENGTH) {
      throw unsafe(path, "its length is " + path.length());
    }
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '\\' || Character.isISOControl(c) || Character.isSurrogate(c)) {
        throw unsafe(path, "it has a character that no model's file needs");
      }
    }
    for (String segment : path.split("/", -1)) {
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        throw unsafe(path, "it could lead out of the model's folder");
      }
      if (segment.length() > MAX_SEGMENT_LENGTH) {
        throw unsafe(path, "one of its names is longer than " + MAX_SEGMENT_LENGTH);
      }
    }
  }

  /**
   * Refuses a listing in which a path occurs twice, or is both a file and a folder.
   *
   * @throws HubException UNSAFE_PATH
   */
  static void checkTogether(List<HubFile> files) {
    Set<String> paths = new HashSet<>();
    for (HubFile file : files) {
      if (!paths.add(file.path())) {
        throw unsafe(file.path(), "it is listed twice");
      }
    }
    for (HubFile file : files) {
      for (String folder = parent(file.path()); !folder.isEmpty(); folder = parent(folder)) {
        if (paths.contains(folder)) {
          throw unsafe(file.path(), "'" + folder + "' is a file");
        }
      }
    }
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  private static HubException unsafe(String path, String why) {
    String shown = path.length() <= 120 ? path : path.substring(0, 120) + "...";
    return new HubException(
        HubException.Reason.UNSAFE_PATH,
        "the hub lists a file named '"
            + shown.replaceAll("[\\p{Cntrl}\\p{Cs}]", "?")
            + "', which is refused because "
            + why
            + ": nothing was pulled; do not trust this repository");
  }
}
