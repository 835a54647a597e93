namespace Grapnel.Registry;

/// <summary>A thing that was asked for, whether it had to be made or not.</summary>
/// <param name="Value">The thing as stored.</param>
/// <param name="Created">Whether it is new; otherwise it was there before.</param>
internal readonly record struct Saved<T>(T Value, bool Created);
