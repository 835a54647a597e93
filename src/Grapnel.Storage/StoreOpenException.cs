namespace Grapnel.Storage;

/// <summary>The store cannot be opened, and trying again will not help before a person has looked.</summary>
public class StoreOpenException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Another process holds the data; the message names it.</summary>
public sealed class StoreLockedException(string message, Exception? inner = null) : StoreOpenException(message, inner);
