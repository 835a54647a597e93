namespace Grapnel.Publishing;

/// <summary>
/// What it may cost to hold one payload against one expression or schema, in steps of some ten nanoseconds. Both the payload and what it is
/// held against may come from outside; neither alone tells how long the two together take.
/// </summary>
internal sealed class StepBudget(long steps)
{
    private long _left = steps;

    /// <summary>Takes steps off.</summary>
    /// <exception cref="StepsSpentException">There are none left.</exception>
    public void Spend(long count = 1)
    {
        if ((_left -= count) < 0)
            throw new StepsSpentException();
    }

    /// <summary>Takes off what a text of this length costs to look at.</summary>
    public void SpendText(long length) => Spend(1 + length / 16);
}

/// <summary>A <see cref="StepBudget"/> was not enough.</summary>
internal sealed class StepsSpentException : Exception;
