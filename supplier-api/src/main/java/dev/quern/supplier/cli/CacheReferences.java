package dev.quern.supplier.cli;

import dev.quern.store.ErrorCategory;
import dev.quern.store.HubCache;
import dev.quern.store.QuernException;
import dev.quern.store.cache.CacheScanner;
import dev.quern.store.cache.CachedRepository;
import dev.quern.store.cache.CachedRevision;
import dev.quern.store.hub.ModelReference;
import java.util.List;
import java.util.Map;

/** From words such as {@code ORG/NAME@REVISION} to what the hub's cache holds of them. */
final class CacheReferences {
  private final HubCache cache;
  private final CacheScanner scanner;

  /**
   * What a word names.
   *
   * @param revisions all of the model where the word names none
   */
  record Selection(CachedRepository repository, List<CachedRevision> revisions) {
    boolean isWhole() {
      return revisions.size() == repository.revisions().size();
    }
  }

  CacheReferences(Map<String, String> environment) {
    this.cache = HubCache.of(environment);
    this.scanner = new CacheScanner(cache);
  }

  CacheScanner scanner() {
    return scanner;
  }

  HubCache cache() {
    return cache;
  }

  /**
   * What {@code word} names.
   *
   * @throws QuernException BAD_REQUEST if it cannot name a model, NOT_FOUND if the cache lacks it
   */
  Selection select(String word) {
    ModelReference reference = ModelReference.parse(word);
    CachedRepository repository =
        scanner
            .find(reference.id())
            .orElseThrow(
                () ->
                    new QuernException(
                        ErrorCategory.NOT_FOUND,
                        "there is no model '"
                            + reference.id()
                            + "' in "
                            + cache.root()
                            + ": 'quern list' shows what is there"));
    if (word.indexOf('@') < 0) {
      return new Selection(repository, repository.revisions());
    }
    CachedRevision revision =
        repository
            .revision(reference.revision())
            .orElseThrow(() -> noSuchRevision(reference, repository));
    return new Selection(repository, List.of(revision));
  }

  private static QuernException noSuchRevision(
      ModelReference reference, CachedRepository repository) {
    List<String> names = repository.revisions().stream().map(CachedRevision::name).toList();
    return new QuernException(
        ErrorCategory.NOT_FOUND,
        "revision '"
            + reference.revision()
            + "' of "
            + reference.id()
            + " is not in the cache, which has "
            + (names.isEmpty() ? "none" : String.join(", ", names)));
  }
}
