namespace Grapnel.Storage;

/// <summary>The folder in which an embedded store keeps everything; registered where there is one.</summary>
/// <param name="Path">The folder.</param>
public sealed record DataFolder(string Path);

/// <summary>A queue in front of the store; registered where there is one.</summary>
public interface IQueueProbe
{
    /// <summary>Ends when the queue answers; fails when it does not.</summary>
    Task AnswerAsync();
}
