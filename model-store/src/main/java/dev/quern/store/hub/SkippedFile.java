package dev.quern.store.hub;

/**
 * A file of the repository that a plan leaves out.
 *
 * @param reason for a person, for example {@code pickle: reading one runs code from the file}
 */
public record SkippedFile(HubFile file, String reason) {}
