using System.Text.Json;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Keeps a data folder for one process. The operating system holds the lock, so it ends with the process however that ends.
/// A note beside it names the holder; it is removed when the store is closed in order, so one that is found tells of a crash.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private const string Lock = "grapnel.lock";
    private const string Note = "grapnel.lock.json";

    private readonly FileStream _lock;
    private readonly string _note;

    private FolderLock(FileStream held, string note) => (_lock, _note) = (held, note);

    /// <summary>Whether the process that held the folder before did not close the store.</summary>
    public bool FollowsCrash { get; private init; }

    /// <summary>Takes the folder, or says who has it.</summary>
    public static FolderLock Take(string folder)
    {
        var note = Path.Combine(folder, Note);
        return new FolderLock(Open(Path.Combine(folder, Lock), folder, note), note) { FollowsCrash = File.Exists(note) };
    }

    /// <summary>Who has the folder, in words; null when nobody has. Takes nothing.</summary>
    public static string? FindHolder(string folder)
    {
        var note = Path.Combine(folder, Note);
        try
        {
            using var free = new FileStream(Path.Combine(folder, Lock), FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            return null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's: the note is all there is to go by.
            return File.Exists(note) ? Describe(note) : null;
        }
        catch (IOException)
        {
            return Describe(note);
        }
    }

    /// <summary>Whether the process that has the folder, or had it last, has not closed the store.</summary>
    public static bool FollowsCrashIn(string folder) => File.Exists(Path.Combine(folder, Note));

    /// <summary>Writes down who holds the folder. Called once the store is open: a start that failed is no crash.</summary>
    public void Announce(TimeProvider time) =>
        File.WriteAllText(_note, JsonSerializer.Serialize(new Holder(Environment.ProcessId, Environment.MachineName, time.GetUtcNow())));

    /// <summary>Gives the folder back; <paramref name="inOrder"/> when everything is in the database file.</summary>
    public void Release(bool inOrder)
    {
        if (inOrder)
            File.Delete(_note);
        Dispose();
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream Open(string file, string folder, string note)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException) && File.Exists(file))
        {
            throw new StoreLockedException($"The data folder {folder} is in use by {Describe(note)}. One folder serves one process.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreOpenException($"The data folder {folder} cannot be written to: {error.Message}", error);
        }
    }

    private static string Describe(string note)
    {
        try
        {
            return JsonSerializer.Deserialize<Holder>(File.ReadAllText(note)) is { } holder
                ? $"process {holder.Pid} on {holder.Machine}, started at {holder.StartedAt:u}"
                : "another process";
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }

    private sealed record Holder(int Pid, string Machine, DateTimeOffset StartedAt);
}
