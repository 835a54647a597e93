namespace Grapnel.Bench;

/// <summary>A measurement could not be made; the message is for the person at the console.</summary>
internal sealed class BenchException(string message) : Exception(message);
