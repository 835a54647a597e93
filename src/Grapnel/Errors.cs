namespace Grapnel;

/// <summary>What is wrong with one field of an input.</summary>
/// <param name="Field">The path of the field as the caller wrote it, for example <c>retrySchedule.2</c>.</param>
/// <param name="Message">What is wrong and what would be right, in one sentence.</param>
public sealed record FieldError(string Field, string Message);

/// <summary>Input that does not fit; carries every field at fault, not just the first.</summary>
public sealed class InvalidInputException(IReadOnlyList<FieldError> errors)
    : Exception(string.Join("; ", errors.Select(e => $"{e.Field}: {e.Message}")))
{
    /// <summary>Input with a single field at fault.</summary>
    public InvalidInputException(string field, string message) : this([new FieldError(field, message)]) { }

    /// <summary>Every field at fault.</summary>
    public IReadOnlyList<FieldError> Errors { get; } = errors;
}

/// <summary>The thing that was asked for does not exist, or not for this caller.</summary>
public sealed class NotFoundException(string message) : Exception(message);

/// <summary>The request makes no sense as things stand; answered with 400.</summary>
/// <param name="code">A stable word for programs, for example <c>invalid_range</c>.</param>
/// <param name="message">A sentence for people.</param>
public sealed class InvalidRequestException(string code, string message) : Exception(message)
{
    /// <summary>A stable word for programs.</summary>
    public string Code { get; } = code;
}

/// <summary>The write collides with something that exists, for example a uid in use.</summary>
/// <param name="code">A stable word for programs, for example <c>conflict</c> or <c>event_type_exists</c>.</param>
/// <param name="message">A sentence for people.</param>
public sealed class ConflictException(string code, string message) : Exception(message)
{
    /// <summary>A stable word for programs.</summary>
    public string Code { get; } = code;
}

/// <summary>The store cannot take writes just now (disk full, database away); nothing was accepted.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What was to be replaced has been changed since it was read, by another node: to be read, changed and written again.</summary>
public sealed class StaleEditException() : Exception("It has been changed meanwhile.");
