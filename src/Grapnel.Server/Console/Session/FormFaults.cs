namespace Grapnel.Server.Console;

/// <summary>What is wrong with the fields of a form.</summary>
public sealed class FormFaults
{
    private readonly List<FieldError> _faults = [];

    /// <summary>Raised when the faults are to be shown anew.</summary>
    internal event Action? Changed;

    /// <summary>Whether anything is wrong.</summary>
    public bool Any => _faults.Count > 0;

    /// <summary>What is wrong with a field, or null. A field stands for what is below it too: <c>headers</c> for <c>headers.Host</c>.</summary>
    public string? this[string field] => Join(_faults.Where(fault => IsOf(fault, field)));

    /// <summary>What is wrong with none of the given fields, so that nothing is left untold; null when there is nothing.</summary>
    public string? Beside(params ReadOnlySpan<string> fields)
    {
        var shown = fields.ToArray();
        return Join(_faults.Where(fault => !shown.Any(field => IsOf(fault, field))), withNames: true);
    }

    /// <summary>Takes over what an act refused.</summary>
    public void Take(InvalidInputException invalid) => _faults.AddRange(invalid.Errors);

    /// <summary>Adds a fault.</summary>
    public void Add(string field, string message) => _faults.Add(new FieldError(field, message));

    /// <summary>Forgets all.</summary>
    public void Clear() => _faults.Clear();

    internal void Show() => Changed?.Invoke();

    private static bool IsOf(FieldError fault, string field) =>
        fault.Field.Equals(field, StringComparison.OrdinalIgnoreCase) || fault.Field.StartsWith(field + ".", StringComparison.OrdinalIgnoreCase);

    private static string? Join(IEnumerable<FieldError> faults, bool withNames = false)
    {
        var text = string.Join(" ", faults.Select(fault => withNames && fault.Field.Length > 0 ? $"{fault.Field} {fault.Message}" : fault.Message));
        return text.Length == 0 ? null : char.ToUpperInvariant(text[0]) + text[1..];
    }
}
